import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { aside } from "./live.ts";

/** The answer to a question; undefined at the end of the input. Ctrl-C and an aborted `signal` end the command. */
async function answerOf(
  reader: Interface,
  question: string,
  signals: readonly AbortSignal[],
): Promise<string | undefined> {
  const closed = new AbortController();
  const interrupted = new AbortController();
  reader.once("SIGINT", () => {
    interrupted.abort();
  });
  reader.once("close", () => {
    closed.abort();
  });
  const ending = AbortSignal.any([interrupted.signal, ...signals]);
  const either = AbortSignal.any([closed.signal, ending]);
  try {
    return await reader.question(question, { signal: either });
  } catch (error) {
    if (!either.aborted) throw error;
    process.stderr.write("\n");
    if (ending.aborted) throw new QuietExit(Exit.interrupted);
    return undefined;
  } finally {
    reader.close();
  }
}

/**
 * Asks a yes-or-no question on the terminal. Anything but `y` or `yes`, the end of the input included, is no.
 * Ctrl-C and an aborted `signal` end the command.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await aside(() => answerOf(reader, `${question} [y/N] `, [signal]));
  return answer !== undefined && /^y(es)?$/i.test(answer.trim());
}

/** Asks for a text on the terminal. An empty answer, and the end of the input, is the default. Ctrl-C ends the command. */
export async function askText(question: string, byDefault = ""): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const shown = byDefault === "" ? `${question}: ` : `${question} [${byDefault}]: `;
  const answer = (await aside(() => answerOf(reader, shown, [])))?.trim() ?? "";
  return answer === "" ? byDefault : answer;
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
  return aside(async () => {
    process.stderr.write(question);
    const answer = await answerOf(reader, "", []);
    if (answer !== undefined) process.stderr.write("\n");
    return answer;
  });
}
