import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";

interface StatusOptions {
  stack: string;
  json?: boolean;
}

export function statusCommand(): Command {
  return new Command("status")
    .description(
      "show hosts, etcd members, API servers, Nodes, VIPs, leaders and certificates as they are now, and the last test of the network",
    )
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth status", "a table, and what is wrong"],
          ["./plinth status --json", "for monitoring"],
        ]),
        exitCodesHelp([
          [Exit.done, "everything is healthy"],
          [Exit.failed, "something is not, or could not be looked at"],
          [Exit.badInput, "there is no such stack, or its input is not valid"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({}, status));
}

async function status(options: StatusOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(options.stack);

  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { readOutputs } = await import("../pulumi/outputs.ts");
  const { administratorOf } = await import("../cluster/administrator.ts");
  const { ClusterApi } = await import("../cluster/api.ts");
  const { kubeconfigsIn } = await import("../../plan/expiry.ts");
  const { observe } = await import("../status/observe.ts");
  const { backupProblems, backupsOf, judge, lastDrill, nodesOfInterest, warnings } = await import("../status/judge.ts");
  const { statusDocument } = await import("../status/document.ts");
  const { statusLines } = await import("../status/render.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const terminal = makeTerminal(options);
  const context = await openContext(options.stack, terminal, input.settings);
  const outputs = readOutputs(context, { secrets: true });
  const api = outputs
    .then((outputs) => administratorOf(context, outputs))
    .then((kubeconfig) => (kubeconfig === undefined ? undefined : new ClusterApi(kubeconfig)));

  const { hosts, config } = input;
  const observed = await observe(input, api, options.stack, outputs.then(kubeconfigsIn)).finally(closeSsh);
  const seen = nodesOfInterest(hosts, options.stack, observed);
  const { backup } = config;
  const observation =
    backup === undefined ? seen : { ...seen, backups: backupsOf(backup, seen), drill: lastDrill(hosts, seen) };
  const vips = [config.vip, config.serviceVip].filter((vip) => vip !== undefined);
  const problems = [
    ...judge(hosts, vips, observation, options.stack, config.networkCheck),
    ...(backup === undefined ? [] : backupProblems(backup, hosts, observation, options.stack)),
  ];
  const inTime = warnings(hosts, observation, options.stack);
  if (options.json === true) {
    terminal.print(JSON.stringify(statusDocument(observation, problems, inTime), null, 2));
  } else {
    const lines = statusLines(hosts, vips, observation, problems, terminal, options.stack, inTime);
    for (const line of lines) terminal.print(line);
  }
  if (problems.length > 0) throw new QuietExit(Exit.failed);
}
