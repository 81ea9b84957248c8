import { createInterface } from "node:readline/promises";
import { QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";

/**
 * Asks a yes-or-no question on the terminal. Anything but `y` or `yes`, the end of the input included, is no.
 * Ctrl-C and an aborted `signal` end the command.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  const interrupted = new AbortController();
  reader.once("SIGINT", () => {
    interrupted.abort();
  });
  reader.once("close", () => {
    closed.abort();
  });
  const either = AbortSignal.any([closed.signal, interrupted.signal, signal]);
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal: either });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (!either.aborted) throw error;
    process.stderr.write("\n");
    if (interrupted.signal.aborted || signal.aborted) throw new QuietExit(Exit.interrupted);
    return false;
  } finally {
    reader.close();
  }
}
