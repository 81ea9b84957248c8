import { groupAnswers, type AdhocAnswer, type AnswerGroup } from "../../plan/adhoc/answers.ts";
import type { Copy, CopyResult } from "../../plan/adhoc/copying.ts";
import { printable } from "../../plan/printable.ts";
import type { Terminal } from "./terminal.ts";

/** What hosts have printed, as it may be shown: tabs and ends of lines are what they are, all else that cannot be seen is escaped. */
export function hostLines(text: string): string[] {
  if (text === "") return [];
  return text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .map((line) =>
      line
        .split("\t")
        .map((part) => printable(part))
        .join("\t"),
    );
}

function outcomeText({ outcome, code, reason = "" }: AnswerGroup): string {
  if (outcome === "ended") return `exit code ${code ?? "unknown"}`;
  if (outcome === "timed-out") return `timed out: ${reason}`;
  if (outcome === "interrupted") return "interrupted";
  return `${outcome === "lost" ? "connection lost" : "unreachable"}: ${reason}`;
}

function streamLines(text: string, cut: number): string[] {
  const lines = hostLines(text).map((line) => `  ${line}`);
  return cut === 0 ? lines : [...lines, `  … ${cut} bytes more, which are not kept`];
}

function groupLines(group: AnswerGroup, { paint }: Pick<Terminal, "paint">): string[] {
  const { hosts, outcome, code, stdout, stderr, stdoutCut, stderrCut } = group;
  const count = hosts.length === 1 ? "" : ` (${hosts.length} hosts)`;
  const isWell = outcome === "ended" && code === 0;
  const heading = `${paint("bold", hosts.join(", "))}${count}: ${paint(isWell ? "green" : "red", outcomeText(group))}`;
  const errors = streamLines(stderr, stderrCut);
  return [
    heading,
    ...streamLines(stdout, stdoutCut),
    ...(errors.length === 0 ? [] : [paint("dim", "  on standard error:"), ...errors]),
  ];
}

/** One block for all hosts with the same answer. */
export function answerLines(answers: readonly AdhocAnswer[], terminal: Pick<Terminal, "paint">): string[] {
  return groupAnswers(answers).flatMap((group) => groupLines(group, terminal));
}

/** The same as data, host by host, in the order of the inventory. `code` and `reason` are null where there is none. */
export function answersDocument(
  head: { stack: string; command: readonly string[]; root: boolean; exitCode: number },
  answers: readonly AdhocAnswer[],
): object {
  return {
    ...head,
    hosts: answers.map(({ host, outcome, code = null, reason = null, ...streams }) => ({
      ...{ host, outcome, code, reason },
      ...streams,
    })),
  };
}

/** One line for each host. */
export function copyLines(
  results: readonly CopyResult[],
  placeOf: (host: string) => string,
  { paint }: Pick<Terminal, "paint">,
): string[] {
  return results.map(({ host, outcome, reason = "" }) => {
    const place = printable(placeOf(host));
    if (outcome === "copied") return `${host}: ${paint("green", "copied")} to ${place}`;
    if (outcome === "unchanged") return `${host}: ${place} is the same already`;
    return `${host}: ${paint("red", outcome)}: ${printable(reason)}`;
  });
}

/** The same as data. `path` is where the copy is, or was to be. */
export function copyDocument(
  head: { stack: string; direction: Copy["direction"]; exitCode: number },
  results: readonly CopyResult[],
  placeOf: (host: string) => string,
): object {
  return {
    ...head,
    hosts: results.map(({ host, outcome, reason = null }) => ({ host, outcome, path: placeOf(host), reason })),
  };
}

/** A document as JSON in ASCII: what hosts have a say in reaches no terminal otherwise, and `shown` has nothing left to escape. */
export function asciiJson(document: unknown): string {
  return JSON.stringify(document, null, 2).replace(
    /[^\x20-\x7e\n]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
