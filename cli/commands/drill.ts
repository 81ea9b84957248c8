import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { drillRestoreCommand } from "./drill-restore.ts";

/** `drill` with what it rehearses, each in a file of its own. */
export function drillCommand(): Command {
  return new Command("drill")
    .description("rehearse what one day will be needed, and measure it; docs/backup.md")
    .addCommand(drillRestoreCommand())
    .addHelpText(
      "after",
      [
        examplesHelp([["./plinth drill restore", "can the newest backup be restored, and how long does it take?"]]),
        exitCodesHelp([
          [Exit.done, "the drill was good"],
          [Exit.failed, "it was not"],
          [Exit.badInput, "command line not valid, no such stack, or it has nothing to rehearse"],
          [Exit.interrupted, "interrupted"],
        ]),
      ].join("\n"),
    );
}
