import { CommanderError } from "commander";
import { askPassphrasesBy } from "../components/host/passphrase.ts";
import { commandLine } from "./app.ts";
import { separateArguments } from "./commands/kubectl.ts";
import { isDebugging } from "./debugging.ts";
import { describeError, exitCodeOf } from "./errors.ts";
import { Exit } from "./exit.ts";
import { shown } from "./render/terminal.ts";
import { tieToParent } from "./process/tie.ts";

/** Runs a command line and returns the exit code. Everything that goes wrong ends here, as one message. */
export async function run(args: readonly string[]): Promise<number> {
  tieToParent();
  askPassphrasesBy(async (question) => (await import("./render/prompt.ts")).askSecret(question));
  try {
    const app = commandLine();
    // Commander prints usage errors by itself; without this it would also end the process, with 1.
    const everything = [app, ...app.commands, ...app.commands.flatMap((command) => command.commands)];
    for (const command of everything) command.exitOverride();
    await app.parseAsync(separateArguments(args), { from: "user" });
    return Exit.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.badInput;
    const message = describeError(error, isDebugging());
    if (message !== "") process.stderr.write(`plinth: ${shown(message)}\n`);
    return exitCodeOf(error);
  }
}
