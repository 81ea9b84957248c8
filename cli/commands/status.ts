import { Command, Option } from "commander";
import { QuietExit } from "../errors.ts";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import * as shared from "../options.ts";
import { atOnceOption, forStacks, stacksOption } from "./several.ts";
import type { Look } from "../operations/status.ts";

interface StatusOptions {
  stack: string;
  json?: boolean;
  watch?: boolean;
  /** Seconds. */
  every?: number;
  html?: string;
}

/** Between two looks. */
const watchSeconds = 10;

export function statusCommand(): Command {
  return new Command("status")
    .description(
      "show hosts, etcd members, API servers, Nodes, VIPs, leaders and certificates as they are now, and the last test of the network",
    )
    .addOption(shared.stackOption())
    .addOption(stacksOption())
    .addOption(atOnceOption())
    .addOption(shared.jsonOption())
    .addOption(
      new Option("--watch", "look again and again until Ctrl-C; with --json one document a line").conflicts("html"),
    )
    .addOption(shared.everyOption(watchSeconds))
    .addOption(
      new Option(
        "--html <file>",
        "write it as one page that needs nothing else, for a ticket or a pull request",
      ).conflicts("json"),
    )
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth status", "a table, and what is wrong"],
          ["./plinth status --json", "for monitoring"],
          ["./plinth status --watch", "again and again"],
          ["./plinth status --html status.html", "a page to send to somebody; ./plinth dashboard shows it live"],
        ]),
        exitCodesHelp([
          [Exit.done, "everything is healthy"],
          [Exit.failed, "something is not, or could not be looked at"],
          [Exit.badInput, "there is no such stack, or its input is not valid"],
          [Exit.interrupted, "--watch was ended"],
        ]),
      ].join("\n"),
    )
    .action(forStacks({}, status));
}

async function status(options: StatusOptions): Promise<void> {
  const { openStack } = await import("../session/opening.ts");
  const { project, input } = await openStack(options.stack);

  const { terminal: makeTerminal } = await import("../render/terminal.ts");
  const { openLooks } = await import("../operations/status.ts");
  const { untilStopped } = await import("../cluster/until-stopped.ts");
  const { watch } = await import("../status/watch.ts");
  const terminal = makeTerminal(options);
  const look = await openLooks(options.stack, input, terminal);
  const print = ({ document, lines }: Look): void => {
    if (options.json === true) terminal.print(JSON.stringify(document, null, options.watch === true ? 0 : 2));
    else for (const line of lines) terminal.print(line);
  };
  if (options.watch === true) {
    const seconds = options.every ?? watchSeconds;
    return untilStopped(terminal, (signal) => watch({ look, print, seconds, terminal, signal }));
  }
  const { closeSsh } = await import("../cluster/ssh-use.ts");
  const seen = await look().finally(closeSsh);
  if (options.html !== undefined) {
    const { writePage } = await import("../dashboard/file.ts");
    terminal.note(`The page is in ${writePage(options.html, project, options.stack, seen.document)}.`);
  } else print(seen);
  if (!seen.healthy) throw new QuietExit(Exit.failed);
}
