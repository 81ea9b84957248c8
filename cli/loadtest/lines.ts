import { barsOf, chart, digitsOf, gapMarks } from "../../plan/loadtest/charts.ts";
import type { LoadTestReport } from "../../plan/loadtest/report.ts";
import type { Percentiles } from "../../plan/loadtest/samples.ts";
import { clientTitles } from "../../plan/loadtest/verdict.ts";
import { formatTable } from "../render/table.ts";
import type { Terminal } from "../render/terminal.ts";

/** Gaps and changes that are shown; the files have more. */
const mostRows = 20;

/** A report for people in front of a terminal. */
export function reportLines(report: LoadTestReport, { paint }: Pick<Terminal, "paint">): string[] {
  const { problems, remarks, comparison } = report;
  return [
    ...formatTable(latencyRows(report), ""),
    "",
    ...timeLines(report),
    "",
    ...clientLines(report),
    ...meanwhileLines(report),
    ...(comparison === undefined
      ? []
      : [
          `Compared with ${comparison.runs} earlier run${comparison.runs === 1 ? "" : "s"} of the same load: ${worseText(comparison)}.`,
        ]),
    ...remarks.map((sentence) => `  - ${sentence}`),
    ...(problems.length === 0
      ? [paint("green", "All objectives were met, and no request failed for longer than it may.")]
      : [
          paint("red", `${problems.length} problem${problems.length === 1 ? "" : "s"}:`),
          ...problems.map((one) => `  - ${one}`),
        ]),
  ];
}

function worseText({ rows }: NonNullable<LoadTestReport["comparison"]>): string {
  const worse = rows.filter((row) => row.worse);
  return worse.length === 0 ? "nothing has become worse" : `worse are ${worse.map(({ what }) => what).join(", ")}`;
}

function latencyRows({ operations, pods, etcd }: LoadTestReport): string[][] {
  const cells = (latency: Percentiles | undefined): string[] =>
    latency === undefined ? ["-", "-", "-"] : [latency.p50, latency.p99, latency.max].map(String);
  const met = (value: boolean | undefined): string => (value === undefined ? "-" : value ? "met" : "NOT MET");
  return [
    ["WHAT", "SCOPE", "SENT", "FAILED", "P50 MS", "P99 MS", "MAX MS", "OBJECTIVE MS", ""],
    ...operations.map((one) => [
      ...[`${one.verb} ${one.resource}`, one.scope, String(one.sent), String(one.failed)],
      ...[...cells(one.latency), String(one.objective), met(one.met)],
    ]),
    ...(pods === undefined
      ? []
      : [
          [
            ...["start of pods", "-", String(pods.made), String(pods.late)],
            ...[...cells(pods.latency), String(pods.objective), met(pods.met)],
          ],
        ]),
    ...etcd.flatMap(({ host, fsync, commit }) =>
      (
        [
          ["log", fsync],
          ["database", commit],
        ] as const
      ).flatMap(([what, times]) =>
        times === undefined
          ? []
          : [
              [
                `etcd's ${what}, ${host}`,
                "-",
                String(times.count),
                "-",
                String(times.p50 ?? "-"),
                String(times.p99 ?? "-"),
                "-",
                "-",
                "",
              ],
            ],
      ),
    ),
  ];
}

function timeLines({ timeline, clients, seconds }: LoadTestReport): string[] {
  const highest = timeline.reduce((most, { p99 = 0 }) => Math.max(most, p99), 0);
  return chart(
    [
      [`p99, up to ${highest} ms`, barsOf(timeline.map(({ p99 }) => p99))],
      ["requests failed", digitsOf(timeline.map(({ failed }) => failed))],
      ...clients
        .filter(({ gaps }) => gaps.length > 0)
        .map(({ client, gaps }) => [`gaps: ${client}`, gapMarks(timeline, gaps, seconds)] as const),
    ],
    seconds,
  );
}

function clientLines({ clients }: LoadTestReport): string[] {
  return clients.flatMap(({ client, sent, failed, silence, gaps }) => [
    `${clientTitles[client]}: ${failed} of ${sent} failed, the longest time without a good answer was ${silence} s`,
    ...gaps.slice(0, mostRows).map(({ begin, length, failed: lost, errors }) => {
      const why = errors.map(({ error, count }) => `${count} times ${error}`).join("; ");
      return `  gap of ${length} s, ${begin} s after the beginning: ${lost} failed${why === "" ? "" : ` (${why})`}`;
    }),
    ...(gaps.length > mostRows ? [`  and ${gaps.length - mostRows} more`] : []),
  ]);
}

function meanwhileLines({ changes, balancer }: LoadTestReport): string[] {
  const all = [
    ...changes.map(({ at, what }) => ({ at, what })),
    ...balancer.map(({ at, host, text }) => ({ at, what: `${host}: ${text}` })),
  ].toSorted((a, b) => a.at - b.at);
  if (all.length === 0) return ["No Node, unit, host or virtual IP has changed meanwhile."];
  return [
    "Meanwhile:",
    ...all.slice(0, mostRows).map(({ at, what }) => `  ${at.toFixed(1).padStart(6)} s  ${what}`),
    ...(all.length > mostRows ? [`  and ${all.length - mostRows} more`] : []),
  ];
}
