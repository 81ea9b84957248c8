import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";

interface DriftOptions {
  stack: string;
  json?: boolean;
}

export function driftCommand(): Command {
  return new Command("drift")
    .description("compare hosts, etcd members and Nodes with what the last up has left; changes nothing")
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.jsonOption())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth drift", "a table of what differs, by host and file, unit or binary"],
          ["./plinth up --heal", "put exactly that right"],
          ["./plinth drift --json", "for monitoring"],
        ]),
        exitCodesHelp([
          [Exit.done, "nothing differs"],
          [Exit.failed, "nothing differs where one could look, but something could not be looked at"],
          [Exit.badInput, "there is no such stack, or its input is not valid"],
          [Exit.changes, "something differs"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({}, drift));
}

async function drift(options: DriftOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { input } = await openStack(options.stack);

  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openContext } = await import("../session/open-context.ts");
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const { readDrift } = await import("../drift/read.ts");
  const { driftLines } = await import("../drift/render.ts");
  const terminal = makeTerminal(options);
  const context = await openContext(options.stack, terminal, input.settings);
  const report = await readDrift(input, context).finally(closeSsh);
  if (options.json === true) {
    const document = { stack: options.stack, drift: report.differences.length > 0, ...report };
    terminal.print(JSON.stringify(document, null, 2));
  } else {
    for (const line of driftLines(report, input.hosts.length, terminal)) terminal.print(line);
  }
  if (report.differences.length > 0) throw new QuietExit(Exit.changes);
  if (report.unseen.length > 0) throw new QuietExit(Exit.failed);
}
