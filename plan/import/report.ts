import { describeFinding, type Finding } from "../findings.ts";
import { printable } from "../printable.ts";
import type { Row, Verdict } from "./outcome.ts";

/** What an import came to, for its report. */
export interface Reported {
  stack: string;
  /** Where the inventory comes from, and whose it is. */
  from: string;
  hosts: number;
  rows: readonly Row[];
  /** What was guessed, and what is left to do. */
  checks: readonly string[];
  /** What the project's own rules say of what is written. */
  findings: readonly Finding[];
}

const titles: Readonly<Record<Verdict, string>> = {
  taken: "Taken",
  changed: "Taken with a change",
  left: "Not taken",
};

/** The report as Markdown. It holds names of variables, never values of what is not taken. */
export function renderReport({ stack, from, hosts, rows, checks, findings }: Reported): string {
  const count = (verdict: Verdict): number => rows.filter((row) => row.verdict === verdict).length;
  return [
    `# Import of ${from} as stack ${stack}`,
    "",
    `${hosts} ${hosts === 1 ? "host" : "hosts"}; ${count("taken")} taken, ${count("changed")} taken with a change, ${count("left")} not taken.`,
    "",
    "## What Plinth says of it",
    "",
    ...(findings.length === 0
      ? ["Inventory and configuration are valid. Hosts have not been asked: the first preview does that."]
      : findings.map((finding) => `- ${cell(describeFinding(finding))}`)),
    "",
    "## Look at this",
    "",
    ...checks.map((check) => `- ${cell(check)}`),
    "",
    ...table(titles.taken, rows, "taken"),
    ...table(titles.changed, rows, "changed"),
    ...table(titles.left, rows, "left"),
    "## Next",
    "",
    ...steps(stack, findings.length > 0).map((step, index) => `${index + 1}. ${step}`),
    "",
  ].join("\n");
}

const steps = (stack: string, open: boolean): string[] => [
  ...(open ? ["Settle what Plinth says of it, above."] : []),
  `Read hosts/${stack}.ts and Pulumi.${stack}.yaml.`,
  "Write what your own playbooks do as roles: docs/ansible.md has the code for each module and concept.",
  `\`./plinth preview --stack ${stack}\`: all hosts are read, none is changed.`,
];

/** Text for a line or a cell of a table. */
const cell = (text: string): string => printable(text).replaceAll("|", "\\|").replaceAll("<", "\\<");

function table(title: string, rows: readonly Row[], verdict: Verdict): string[] {
  const mine = rows.filter((row) => row.verdict === verdict);
  if (mine.length === 0) return [];
  const columns = {
    taken: ["what", "where", "becomes"],
    changed: ["what", "where", "becomes", "why"],
    left: ["what", "where", "why"],
  }[verdict];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const fieldOf = (row: Row, column: string): string =>
    cell(column === "what" || column === "where" || column === "becomes" || column === "why" ? row[column] : "");
  // What has one reason in common is one line: inventories repeat the defaults of their tools.
  const merged = verdict === "left" ? together(mine) : mine;
  return [
    `## ${title}`,
    "",
    line(columns),
    line(columns.map(() => "---")),
    ...merged.map((row) => line(columns.map((column) => fieldOf(row, column)))),
    "",
  ];
}

/** Rows with the same place and reason as one. */
function together(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, ({ where, why }) => JSON.stringify([where.replaceAll(/:\d+/g, ""), why]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        ...first,
        what: group.map(({ what }) => what).join(", "),
        where: group.length === 1 ? first.where : first.where.replaceAll(/:\d+/g, ""),
      },
    ];
  });
}
