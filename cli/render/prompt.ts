import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
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

/**
 * Asks for a secret on the terminal, which does not show it. Undefined without a terminal, and at the end of the input. Ctrl-C
 * ends the command.
 */
export async function askSecret(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  const ended = new AbortController();
  const interrupted = new AbortController();
  reader.once("SIGINT", () => {
    interrupted.abort();
  });
  reader.once("close", () => {
    ended.abort();
  });
  const either = AbortSignal.any([ended.signal, interrupted.signal]);
  process.stderr.write(question);
  try {
    return await reader.question("", { signal: either });
  } catch (error) {
    if (!either.aborted) throw error;
    if (interrupted.signal.aborted) throw new QuietExit(Exit.interrupted);
    return undefined;
  } finally {
    process.stderr.write("\n");
    reader.close();
  }
}
