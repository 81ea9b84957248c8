import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CliError } from "../errors.ts";

/**
 * Runs a program on this terminal and waits for its end. Ctrl-C reaches the program directly; this process stays, so
 * that it can clean up behind it. Returns the exit code as a shell would see it.
 *
 * @param files open files that it inherits, from descriptor 3 on.
 */
export async function runForeground(
  command: string,
  args: readonly string[],
  files: readonly number[] = [],
): Promise<number> {
  const stay = (): void => undefined;
  process.on("SIGINT", stay);
  process.on("SIGQUIT", stay);
  const child = spawn(command, args, { stdio: ["inherit", "inherit", "inherit", ...files] });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGTERM", forward);
  process.on("SIGHUP", forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => {
        reject(new CliError(`${command} cannot be started: ${error.message}.`, undefined, { cause: error }));
      });
      child.on("close", (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    process.off("SIGINT", stay);
    process.off("SIGQUIT", stay);
    process.off("SIGTERM", forward);
    process.off("SIGHUP", forward);
  }
}
