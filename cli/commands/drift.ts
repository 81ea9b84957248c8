import { Command } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";

interface DriftOptions {
  stack: string;
  json?: boolean;
  report?: string;
  events?: string;
  /** False by --no-notices. */
  notices: boolean;
}

export function driftCommand(): Command {
  return new Command("drift")
    .description("compare hosts, etcd members and Nodes with what the last up has left; changes nothing")
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.reportOption())
    .addOption(shared.jsonOption())
    .addOption(shared.eventsOption())
    .option("--no-notices", "tell nobody whom plinth:notices names")
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
  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { accountForOne } = await import("../operations/accounted.ts");
  const { runDrift } = await import("../operations/drift.ts");
  const { stack, report, events, notices } = options;
  const { project, input, phases } = await openStack(stack);
  const terminal = makeTerminal(options);
  const run = { project, stack, command: "drift", changing: false, notices, terminal, phases };
  const code = await accountForOne(report === undefined ? run : { ...run, report }, "look", (account) =>
    runDrift({ ...run, json: options.json === true, events, input, account }),
  );
  if (code !== Exit.done) throw new QuietExit(code);
}
