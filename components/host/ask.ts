import { longestLook } from "../../plan/look.ts";
import { shellWord } from "../../plan/shell.ts";
import {
  sharedPool,
  SshError,
  type ExecOptions,
  type ExecResult,
  type SshPool,
  type SshTarget,
} from "../../ssh/index.ts";
import { Deadline } from "./deadline.ts";

/** A command that runs as root, whoever logs in. It must be one that `exec` and sudo can run. */
export function throughRoot(command: string): string {
  return `if [ "$(id -u)" -eq 0 ]; then exec ${command}; else exec sudo -n ${command}; fi`;
}

function rootShell(words: readonly string[]): string {
  return throughRoot(["/bin/sh -s", ...words.map(shellWord)].join(" "));
}

/** A host that began to answer, and did not come to an end that somebody can wait for. */
export class UnfinishedAnswer extends Error {
  override readonly name = "UnfinishedAnswer";
}

/**
 * Runs a script on a host as root: over the shared connection, by one command. A non-zero exit is a result. Whatever the
 * host does, this ends: its answer has a time limit once it has been asked, and a length.
 *
 * @param question for plinth-reader, in front of the command: it answers where the key may do nothing else.
 * @param words arguments of the script. Default: none.
 * @param seconds for the answer; the way to the host and the queue for it do not count.
 * @param pool tests pass what runs commands.
 * @throws SshError
 * @throws UnfinishedAnswer
 */
export async function askAsRoot(
  target: SshTarget,
  script: string,
  {
    seconds,
    question = "",
    words = [],
    ...options
  }: Omit<ExecOptions, "stdin" | "onStdout" | "onStderr"> & {
    seconds: number;
    question?: string;
    words?: readonly string[];
  },
  pool: Pick<SshPool, "exec"> = sharedPool,
): Promise<ExecResult> {
  const stop = new AbortController();
  let why: string | undefined;
  const give = (reason: string): void => {
    why ??= reason;
    stop.abort();
  };
  let length = 0;
  const count = (chunk: string): void => {
    length += chunk.length;
    if (length > longestLook) give(`the answer of the host is longer than ${longestLook / 2 ** 20} Mi characters`);
  };
  const deadline = new Deadline(seconds, () => {
    give(`no answer within ${seconds} s`);
  });
  try {
    return await pool.exec(target, `${question}${rootShell(words)}`, {
      ...options,
      stdin: script,
      signal: AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]),
      onStdout: count,
      onStderr: count,
      onSend: () => {
        options.onSend?.();
        deadline.begin();
      },
    });
  } catch (error) {
    if (why !== undefined && error instanceof SshError) throw new UnfinishedAnswer(why, { cause: error });
    throw error;
  } finally {
    deadline.end();
  }
}
