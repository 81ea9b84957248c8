import { Option, type Command } from "commander";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { parseCount } from "../options.ts";

/** The options of a command that may be run for several stacks. */
export interface SeveralOptions {
  stack: string;
  stacks?: string;
  atOnce?: number;
  json?: boolean;
  yes?: boolean;
  expectNoChanges?: boolean;
  out?: string;
}

export const stacksOption = (): Option =>
  new Option("--stacks <names>", "several stacks, separated by commas; * and ? match").conflicts("stack");

export const atOnceOption = (): Option =>
  new Option("--at-once <count>", "with --stacks: runs at the same time (default: one for two processors)").argParser(
    parseCount,
  );

/** How a command is run for several stacks. */
export interface Several {
  /** Whether it changes something: pools wait for their cluster then, and somebody is asked before. */
  changes?: true;
  /** Whether what it prints is a document of its own, without a heading. */
  document?: true;
}

/** What speaks of hosts or of a plan, is one file, or has no end belongs to one stack. */
const ofOneStack = [
  ...["target", "lost", "replace", "plan", "save", "report", "inventory", "config"],
  ...["events", "html", "watch"],
];

/** Options that the runs of the stacks are not told; all of them have a value. */
const own = ["--stacks", "--at-once", "--out"];

/** The arguments of a command line that the runs of the stacks are told as well. */
export function passedOn(args: readonly string[]): string[] {
  return args.filter(
    (arg, index) =>
      !own.some((name) => arg === name || arg.startsWith(`${name}=`)) && !own.includes(args[index - 1] ?? ""),
  );
}

/** The action of a command: for one stack, or with `--stacks` for several, each in a process of its own. */
export function forStacks<Options extends SeveralOptions>(
  several: Several,
  one: (options: Options) => Promise<void>,
): (options: Options, command: Command) => Promise<void> {
  return async (options, command) => {
    const { stacks } = options;
    if (stacks === undefined) return one(options);
    const refused = ofOneStack.filter((name) => command.getOptionValueSource(name) === "cli");
    if (refused.length > 0) {
      const names = refused.map((name) => `--${name}`).join(", ");
      throw new CliError(`${names} cannot be used with --stacks: that belongs to one stack.`, Exit.badInput);
    }
    const { runSiteCommand } = await import("../operations/site-command.ts");
    const args = passedOn(process.argv.slice(3));
    const code = await runSiteCommand({ ...options, ...several, stacks, command: command.name(), args });
    if (code !== Exit.done) throw new QuietExit(code);
  };
}
