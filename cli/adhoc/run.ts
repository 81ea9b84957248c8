import type { HostAccess } from "../../components/host/targets.ts";
import { commandWords, longestStream, type AdhocAnswer } from "../../plan/adhoc/answers.ts";
import { adhocScript } from "../../plan/scripts.ts";
import { sharedPool, SshError, type SshPool, type SshTarget } from "../../ssh/index.ts";
import { feedScript, openInput } from "./feeding.ts";
import { failureOf, onEachHost, type Pace } from "./hosts.ts";

/** Seconds that a host has to end a command whose time is up: it waits five before it kills it. */
const endSeconds = 10;

/** One attempt, as for every look at hosts: who is not there must not keep the others waiting. */
const quick = { dialErrorLimit: 0 };

export interface AdhocRun extends Pace {
  /** Words of the command, see {@link commandWords}. */
  words: readonly string[];
  root: boolean;
  /** For its standard input; the same for all hosts. Empty: there is none. */
  input: Buffer;
  /** For the command, from its begin on; the way to the host and the queue for it do not count. 0: none. */
  seconds: number;
}

/** What a host prints, up to a limit. */
class Kept {
  #bytes = 0;
  #text: string[] = [];
  #room = longestStream;

  readonly add = (chunk: string): void => {
    const bytes = Buffer.from(chunk);
    this.#bytes += bytes.length;
    if (this.#room === 0) return;
    // Not in the middle of a character.
    let end = Math.min(this.#room, bytes.length);
    while (end < bytes.length && end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    this.#text.push(bytes.toString("utf8", 0, end));
    this.#room = end < bytes.length ? 0 : this.#room - end;
  };

  get told(): { text: string; cut: number } {
    const text = this.#text.join("");
    return { text, cut: this.#bytes - Buffer.byteLength(text) };
  }
}

/** Runs the command on one host. A host that fails is an answer. */
async function runOn(
  host: string,
  target: SshTarget,
  run: Omit<AdhocRun, "parallel">,
  pool: Pick<SshPool, "exec">,
): Promise<AdhocAnswer> {
  const { input, seconds, signal, root } = run;
  // The host's own limit is for one that does not notice that its connection is gone.
  const limit = seconds === 0 ? 0 : seconds + endSeconds;
  const words = [limit, input.length, ...commandWords(run.words)].map(String);
  const { command, stdin } = feedScript(adhocScript("run", words), root);
  const [stdout, stderr] = [new Kept(), new Kept()];
  const standardInput = openInput(input);
  const giveUp = new AbortController();
  const timeIsUp = new AbortController();
  let isSent = false;
  let timer: NodeJS.Timeout | undefined;
  const tellToEnd = (): void => {
    standardInput.end();
    if (!isSent) giveUp.abort();
    clearTimeout(timer);
    timer = setTimeout(() => {
      giveUp.abort();
    }, endSeconds * 1000);
  };
  const answer = (more: Pick<AdhocAnswer, "outcome" | "code" | "reason">): AdhocAnswer => {
    const [{ text: out, cut: stdoutCut }, { text: err, cut: stderrCut }] = [stdout.told, stderr.told];
    return { host, ...more, stdout: out, stderr: err, stdoutCut, stderrCut };
  };
  const late = { outcome: "timed-out" as const, reason: `it did not end within ${seconds} s` };
  const isOver = (): boolean => signal.aborted;
  signal.addEventListener("abort", tellToEnd, { once: true });
  try {
    const { code } = await pool.exec({ ...target, ...quick }, command, {
      ...{ stdin, body: standardInput.body, kept: 0, signal: giveUp.signal },
      ...(root ? {} : { asLoginUser: true }),
      onStdout: stdout.add,
      onStderr: stderr.add,
      onSend: () => {
        isSent = true;
        if (seconds === 0 || isOver()) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          timeIsUp.abort();
          tellToEnd();
        }, seconds * 1000);
      },
    });
    if (timeIsUp.signal.aborted) return answer(late);
    if (isOver()) return answer({ outcome: "interrupted" });
    return answer(code === null ? { outcome: "lost", reason: "its shell was killed" } : { outcome: "ended", code });
  } catch (error) {
    if (timeIsUp.signal.aborted && giveUp.signal.aborted) return answer(late);
    if (!(error instanceof SshError)) throw error;
    return answer(failureOf(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", tellToEnd);
  }
}

/**
 * Runs one command on many hosts, so many at the same time. Every host answers, whatever happens to it.
 *
 * @param pool tests pass what runs commands.
 * @returns the answers in the order of `access`.
 */
export async function runOnHosts(
  access: HostAccess,
  run: AdhocRun,
  pool: Pick<SshPool, "exec"> = sharedPool,
): Promise<AdhocAnswer[]> {
  const nothing = { stdout: "", stderr: "", stdoutCut: 0, stderrCut: 0 };
  return onEachHost<AdhocAnswer>(
    access,
    run,
    (host, target) => runOn(host, target, run, pool),
    (host) => ({ host, outcome: "interrupted", ...nothing }),
  );
}
