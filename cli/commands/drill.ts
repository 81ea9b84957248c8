import { Command } from "commander";
import { examplesHelp, Exit, exitCodesHelp } from "../exit.ts";
import { drillFailoverCommand } from "./drill-failover.ts";

/** `drill` with what it rehearses. */
export function drillCommand(): Command {
  return new Command("drill")
    .description("rehearse what is hoped never to happen")
    .addCommand(drillFailoverCommand())
    .addHelpText(
      "after",
      [
        examplesHelp([["./plinth drill failover", "does another host take over, and how long do clients wait?"]]),
        exitCodesHelp([
          [Exit.done, "the drill was good"],
          [Exit.failed, "it was not"],
          [Exit.badInput, "command line, inventory or configuration not valid"],
          [Exit.refused, "it would do harm; nothing was touched"],
          [Exit.interrupted, "interrupted; what the drill has stopped was started again"],
        ]),
      ].join("\n"),
    );
}
