import type { PathKind } from "../../plan/networkcheck/questions.ts";
import { formatTable } from "../render/table.ts";
import type { Terminal } from "../render/terminal.ts";
import type { NetworkReport } from "./check.ts";

const columns: readonly (readonly [PathKind, string])[] = [
  ["pod-pod", "POD TO POD"],
  ["pod-pod-large", "FULL SIZE"],
  ["pod-service", "SERVICE"],
  ["pod-api", "API SERVICE"],
  ["dns", "DNS"],
  ["dns-tcp", "DNS BY TCP"],
  ["dns-outside", "DNS OUTSIDE"],
  ["node-port", "NODEPORT"],
  ["service-port", "SERVICE PORT"],
  ["endpoint", "API"],
];

/** Up to so many hosts are shown; of more, those where something does not work. */
const mostRows = 30;

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** What a test has found, as lines. */
export function networkLines(
  { hosts, paths, findings, untested }: NetworkReport,
  terminal: Pick<Terminal, "paint">,
): string[] {
  const all = Object.entries(hosts);
  const failing = all.filter(([, tallies]) => Object.values(tallies).some(({ failed }) => failed > 0));
  const rows = all.length <= mostRows ? all : failing;
  const table = rows.map(([host, tallies]) => [
    host,
    ...columns.map(([path]) => {
      const { tried, failed } = tallies[path] ?? { tried: 0, failed: 0 };
      if (tried === 0) return "-";
      return failed === 0 ? `${tried} ok` : terminal.paint("red", `${failed} of ${tried} fail`);
    }),
  ]);
  return [
    ...(table.length === 0 ? [] : formatTable([["FROM", ...columns.map(([, title]) => title)], ...table])),
    ...(untested.length === 0
      ? []
      : [terminal.paint("yellow", "Not tested:"), ...untested.map(({ host, reason }) => `  - ${host}: ${reason}`)]),
    ...(findings.length === 0
      ? [terminal.paint("green", `The network works: ${count(paths, "path")} tested.`)]
      : [
          terminal.paint("red", `${findings.length} of ${count(paths, "path")} do not work:`),
          ...findings.map(({ message }) => `  - ${message}`),
        ]),
  ];
}
