import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { drillFailoverCommand } from "./drill-failover.ts";
import { drillRestoreCommand } from "./drill-restore.ts";

/** `drill` with what it rehearses, each in a file of its own. */
export function drillCommand(): Command {
  return new Command("drill")
    .description("rehearse what one day will be needed, and measure it")
    .addCommand(drillRestoreCommand())
    .addCommand(drillFailoverCommand())
    .addHelpText(
      "after",
      [
        examplesHelp([
          ["./plinth drill restore", "can the newest backup be restored, and how long does it take?"],
          ["./plinth drill failover", "does another host take over, and how long do clients wait?"],
        ]),
        exitCodesHelp([
          [Exit.done, "the drill was good"],
          [Exit.failed, "it was not"],
          [Exit.badInput, "command line, inventory or configuration not valid, or there is nothing to rehearse"],
          [Exit.refused, "it would do harm; nothing was touched"],
          [Exit.interrupted, "interrupted; what the drill has stopped was started again"],
        ]),
      ].join("\n"),
    );
}
