import { longest, type Notice } from "../../plan/notices/notice.ts";
import { printable } from "../../plan/printable.ts";
import { countChanges } from "../pulumi/events.ts";
import { formatDuration } from "../render/duration.ts";

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * Text as Slack, Mattermost and their like show it, in which nobody is mentioned and nothing is a link that does not read as one: it
 * may be that of a host.
 */
export function forChat(text: string): string {
  return printable(text)
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/@(?=\w)/g, "@\u200b");
}

/** One sentence that says how a run ended, without a full stop: it goes on with a reason, or ends. */
export function headlineOf(notice: Omit<Notice, "text">): string {
  const { stack, command, result, seconds, differences, unseen } = notice;
  const run = `${command} of stack "${stack}"`;
  const took = formatDuration(seconds * 1000);
  const changed = countChanges(notice.changes);
  if (result === "drift") {
    const blind = (unseen?.total ?? 0) > 0 ? `, and ${count(unseen?.total ?? 0, "thing")} could not be looked at` : "";
    return `Stack "${stack}" is not as the last up has left it: ${count(differences?.total ?? 0, "difference")}${blind}`;
  }
  if (result === "done" && differences !== undefined) return `Stack "${stack}" is as the last up has left it`;
  const ends: Readonly<Record<Exclude<Notice["result"], "drift">, string>> = {
    done: `is done in ${took}: ${changed === 0 ? "nothing to change" : `${count(changed, "resource")} changed`}`,
    changes: "would change something; nothing was changed",
    refused: "was refused, no host was changed",
    invalid: "could not begin, no host was changed",
    failed: `failed after ${took}`,
    interrupted: `was interrupted after ${took}`,
    declined: "was declined; nothing was changed",
  };
  return `${run} ${ends[result]}`;
}

/** What there is to say besides, a line each. */
function detailsOf({ findings, problems, differences, unseen }: Omit<Notice, "text">): {
  lines: string[];
  total: number;
} {
  const lines = [
    ...findings.first.map(({ rule, hosts, message, remedy }) => {
      const where = hosts.length === 0 ? "" : `${hosts.join(", ")}: `;
      return `${where}${message}; ${remedy} [${rule}]`;
    }),
    // Of a failure that has many lines the first says what it was.
    ...problems.map((problem) => problem.split("\n", 1)[0] ?? ""),
    ...(differences?.first ?? []).map(({ host = "cluster", bundle, kind, name, detail }) => {
      const what = bundle === undefined ? kind : `${bundle}, ${kind}`;
      return `${host}: ${what} ${name}: ${detail}`;
    }),
    ...(unseen?.first ?? []).map(
      ({ host, message }) => `not looked at: ${host === undefined ? "" : `${host}: `}${message}`,
    ),
  ];
  const total = findings.total + problems.length + (differences?.total ?? 0) + (unseen?.total ?? 0);
  return { lines, total };
}

/** So many details are told in a chat. */
const shown = 10;
/** Characters of one of them. */
const width = 300;

/** The field `text` of a notice. */
export function noticeText(notice: Omit<Notice, "text">): string {
  const { lines, total } = detailsOf(notice);
  const head = forChat(`Plinth: ${headlineOf(notice)}${total === 0 ? "." : ":"}`);
  const kept: string[] = [];
  let used = head.length;
  for (const line of lines.slice(0, shown)) {
    const told = `- ${forChat(line.length > width ? `${line.slice(0, width)}…` : line)}`;
    if (used + told.length + 1 > longest.text) break;
    kept.push(told);
    used += told.length + 1;
  }
  const left = total - kept.length;
  return [head, ...kept, ...(left > 0 && total > 0 ? [`- and ${left} more`] : [])].join("\n");
}
