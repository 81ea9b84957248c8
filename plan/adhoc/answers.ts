/** Bytes of each stream of a host that are kept: 500 hosts that print without end cost 256 MB. */
export const longestStream = 256 * 1024;

/**
 * What became of a command on one host.
 *
 * - `ended`: it ended by itself, with a code; 128 and a signal's number where a signal has ended it.
 * - `timed-out`: it was ended because its time was up; what it had printed is there.
 * - `unreachable`: nothing was run there.
 * - `lost`: the connection broke while it ran, so that its effect is not known.
 * - `interrupted`: the operator has ended it, or it was not begun any more.
 */
export type AdhocOutcome = "ended" | "timed-out" | "unreachable" | "lost" | "interrupted";

export interface AdhocAnswer {
  host: string;
  outcome: AdhocOutcome;
  /** Of a command that ended. */
  code?: number;
  stdout: string;
  stderr: string;
  /** Bytes of each stream that are left out at its end, see {@link longestStream}. */
  stdoutCut: number;
  stderrCut: number;
  /** Why there is no code, one sentence. */
  reason?: string;
}

/** Hosts of which the same can be said. */
export interface AnswerGroup extends Omit<AdhocAnswer, "host"> {
  hosts: string[];
}

/** Answers that are equal are one group. The biggest comes first; of equal ones the one with the first host of the answers. */
export function groupAnswers(answers: readonly AdhocAnswer[]): AnswerGroup[] {
  const groups = new Map<string, AnswerGroup>();
  for (const { host, ...answer } of answers) {
    const { outcome, code, stdout, stderr, stdoutCut, stderrCut, reason } = answer;
    const key = JSON.stringify([outcome, code, stdout, stderr, stdoutCut, stderrCut, reason]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...answer, hosts: [host] });
    else group.hosts.push(host);
  }
  return [...groups.values()].sort((one, other) => other.hosts.length - one.hosts.length);
}

/** What a command of many hosts ends with where not all have ended well. `interrupted` is 128 + SIGINT. */
export const adhocExit = { mixed: 1, timedOut: 124, interrupted: 130, unreachable: 255 } as const;

/**
 * The exit code of a command that ran on many hosts, by the worst: interrupted, then unreachable or lost, then timed out, then the code that
 * all hosts have, else 1.
 */
export function exitCodeOfAnswers(answers: readonly Pick<AdhocAnswer, "outcome" | "code">[]): number {
  const outcomes = new Set(answers.map(({ outcome }) => outcome));
  if (outcomes.has("interrupted")) return adhocExit.interrupted;
  if (outcomes.has("unreachable") || outcomes.has("lost")) return adhocExit.unreachable;
  if (outcomes.has("timed-out")) return adhocExit.timedOut;
  const codes = [...new Set(answers.map(({ code = adhocExit.mixed }) => code))];
  const [code = 0] = codes;
  return codes.length > 1 ? adhocExit.mixed : code;
}

/**
 * The words that a host runs: one word alone is a line for a shell, as ssh has it; several are a command and its arguments, which no shell
 * looks at, so that blanks and `*` in them are what they are here.
 */
export function commandWords(words: readonly string[]): string[] {
  const [line = ""] = words;
  return words.length === 1 ? ["/bin/sh", "-c", line] : [...words];
}
