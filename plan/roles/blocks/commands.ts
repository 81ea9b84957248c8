import { z } from "zod";
import { BlockError, type Block } from "../block.ts";
import { accountOf, checked, pathOf, unitsOf, type Units } from "./words.ts";

interface CommandSettings {
  /** What sh(1) runs. It stands in texts that anybody may read: no secrets. */
  run: string;
  /** What takes it back. Default: nothing is taken back. */
  undo?: string;
  /** Who runs all of it. Default: root. */
  user?: string;
  /** The most that each of them may take. Default: 300. */
  seconds?: number;
  /** Units that are restarted after it. */
  restart?: Units;
  /** Units that are reloaded after it. */
  reload?: Units;
}

/** When a command is run: where the path is missing, or where the question, which changes nothing, does not end with 0. */
export type CommandOptions = CommandSettings &
  ({ creates: string; unless?: string } | { creates?: string; unless: string });

const commandName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be of a-z 0-9 -");
const limit = z.int("must be a whole number").min(1, "must be at least 1").max(3600, "must be at most 3600");

/**
 * A command, as the last resort: what it does is seen by nobody, and told by no preview. It is run where `creates` is missing or `unless` says
 * no, and once more it must not be needed right after.
 *
 * Drift: `creates` is missing, or `unless` says no; it is asked by every look for drift. Removal: `undo` is run.
 */
export function command(name: string, options: CommandOptions): Block {
  const { creates, unless, run, undo, user = "root", seconds = 300 } = options;
  const key = checked(commandName, name, "the name of the command");
  if (creates === undefined && unless === undefined)
    throw new BlockError(
      `the command ${name} must say when it is run: where the path of creates is missing, or where unless does not end with 0`,
    );
  for (const text of [run, unless, undo])
    if (text !== undefined && (text.trim() === "" || text.includes("\0")))
      throw new BlockError(`the command ${name} must say what a shell is to run`);
  return {
    resources: [
      {
        kind: "command",
        key,
        run,
        ...(creates === undefined ? {} : { creates: pathOf(creates, `creates of the command ${name}`) }),
        ...(unless === undefined ? {} : { unless }),
        ...(undo === undefined ? {} : { undo }),
        user: accountOf(user, `the user of the command ${name}`),
        seconds: checked(limit, seconds, `the seconds of the command ${name}`),
        ...unitsOf(options),
      },
    ],
  };
}
