import type { Notice } from "../../plan/notices/notice.ts";
import { formatDuration } from "../render/duration.ts";
import { code, cut, plain, table } from "../review/markdown.ts";
import { maskText } from "../review/mask.ts";
import { headlineOf } from "./text.ts";

/** GitHub and GitLab take more for an issue; some is left for what a workflow adds. Characters. */
const limit = 64_000;

function more(total: number, told: number): string[] {
  return total > told ? ["", `… and ${total - told} more.`] : [];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`### ${title}`, "", ...lines, ""];
}

function findingsOf({ findings: { total, first } }: Notice): string[] {
  if (total === 0) return [];
  const rows = first.map(({ rule, hosts, message, remedy }) => [
    code(rule),
    hosts.map(plain).join(", ") || "–",
    plain(message),
    plain(remedy),
  ]);
  return [...table(["rule", "hosts", "reason", "way out"], rows), ...more(total, first.length)];
}

function differencesOf({ differences }: Notice): string[] {
  if (differences === undefined || differences.total === 0) return [];
  const rows = differences.first.map(({ host, bundle, kind, name, detail }) => [
    host === undefined ? "cluster" : code(host),
    bundle === undefined ? "–" : code(bundle),
    plain(kind),
    plain(name),
    plain(detail),
  ]);
  return [
    ...table(["host", "bundle", "kind", "what", "differs"], rows),
    ...more(differences.total, differences.first.length),
  ];
}

function unseenOf({ unseen }: Notice): string[] {
  if (unseen === undefined) return [];
  const lines = unseen.first.map(
    ({ host, message }) => `- ${host === undefined ? "" : `${code(host)}: `}${plain(message)}`,
  );
  return [...lines, ...more(unseen.total, unseen.first.length)];
}

/** What to do next, where that is always the same. */
function nextOf({ result, stack }: Notice): string[] {
  const flag = stack === "lab" ? "" : ` --stack ${stack}`;
  if (result === "drift")
    return [
      `${code(`./plinth up${flag} --heal`)} puts that right; docs/drift.md says what it does about each kind.`,
      "",
    ];
  if (result === "failed")
    return [`What was done stays. ${code(`./plinth up${flag}`)} goes on from there once the reason is gone.`, ""];
  return [];
}

/**
 * A notice as Markdown for an issue or a log, in at most 64,000 characters. Its first line, `<!-- plinth-report STACK COMMAND -->`, finds
 * the issue to update. What is a fact of hosts or cluster is shown as text: no markup, no mention, no link.
 */
export function renderReport(notice: Notice): string {
  const { stack, command, began, seconds, hosts, phases, changes, problems } = notice;
  const plainName = (text: string): string => text.replace(/[^\w. -]/g, "");
  const figures = [
    ["began", plain(began)],
    [
      "time",
      [
        formatDuration(seconds * 1000),
        ...phases.map((one) => `${plain(one.name)} ${formatDuration(one.seconds * 1000)}`),
      ].join(", "),
    ],
    ...(hosts === undefined ? [] : [["hosts", String(hosts)]]),
    ...(Object.keys(changes).length === 0
      ? []
      : [
          [
            "resources",
            Object.entries(changes)
              .map(([op, number]) => `${number} ${plain(op)}`)
              .join(", "),
          ],
        ]),
  ];
  const lines = [
    `<!-- plinth-report ${plainName(stack)} ${plainName(command)} -->`,
    `## Plinth: ${plain(command)} of stack ${code(stack)}`,
    "",
    `**${plain(headlineOf(notice))}.**`,
    "",
    ...findingsOf(notice),
    ...(notice.findings.total > 0 ? [""] : []),
    // Each line stands for itself, also where a report is cut off.
    ...section(
      notice.result === "done" ? "To do" : "Why",
      problems.flatMap((problem) => problem.split("\n").map((line) => `> ${plain(line)}`)),
    ),
    ...section("Differences", differencesOf(notice)),
    ...section("Could not be looked at", unseenOf(notice)),
    ...nextOf(notice),
    ...table(["", ""], figures),
  ];
  const text = `${maskText(lines.join("\n")).trimEnd()}\n`;
  if (text.length <= limit) return text;
  return `${cut(text.split("\n"), limit - 1, "The rest is left out, because an issue holds no more.")}\n`;
}
