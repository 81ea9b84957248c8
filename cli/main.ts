import { CommanderError } from "commander";
import { commandLine } from "./app.ts";
import { separateArguments } from "./commands/kubectl.ts";
import { describeError, exitCodeOf } from "./errors.ts";
import { Exit } from "./exit.ts";

const debug = (process.env["PLINTH_DEBUG"] ?? "") !== "";

/** Runs a command line and returns the exit code. Everything that goes wrong ends here, as one message. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const app = commandLine();
    // Commander prints usage errors by itself; without this it would also end the process, with 1.
    const everything = [app, ...app.commands, ...app.commands.flatMap((command) => command.commands)];
    for (const command of everything) command.exitOverride();
    await app.parseAsync(separateArguments(args), { from: "user" });
    return Exit.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.badInput;
    const message = describeError(error, debug);
    if (message !== "") process.stderr.write(`plinth: ${message}\n`);
    return exitCodeOf(error);
  }
}

/** Waits until what was written has been read: a pipe may still hold it when the process ends. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0)
    await new Promise<void>((resolve) =>
      stream.write("", () => {
        resolve();
      }),
    );
}

for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`plinth up | head`) must not end a run in the middle of a change.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const code = await main(process.argv.slice(2));
await Promise.all([drained(process.stdout), drained(process.stderr)]);
// Not left to the event loop: the SDK keeps handles open after a run.
process.exit(code);
