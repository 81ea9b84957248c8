import { barsOf, chart, digitsOf, gapMarks } from "../../plan/loadtest/charts.ts";
import { loadSentence } from "../../plan/loadtest/profiles.ts";
import type { LoadTestReport } from "../../plan/loadtest/report.ts";
import type { Percentiles } from "../../plan/loadtest/samples.ts";
import { clientTitles } from "../../plan/loadtest/verdict.ts";
import { code, fenced, plain, table } from "../review/markdown.ts";

type Client = LoadTestReport["clients"][number];

/** Gaps and events that are shown; the JSON has all. */
const mostRows = 50;

const yes = (met: boolean | undefined): string => (met === undefined ? "–" : met ? "yes" : "**no**");
const percentileCells = (latency: Percentiles | undefined): string[] =>
  latency === undefined ? ["–", "–", "–", "–"] : [latency.p50, latency.p90, latency.p99, latency.max].map(String);
const errorText = (errors: Client["errors"]): string =>
  errors.map(({ error, count }) => `${count} × ${plain(error)}`).join("; ");

/** A report as Markdown, for a pull request or a ticket. Pictures are characters, so that they are seen everywhere. */
export function reportMarkdown(report: LoadTestReport): string {
  const { stack, begun, result, problems, remarks } = report;
  return [
    `## Load test of ${code(stack)}: ${result === "ok" ? "all objectives were met" : `${problems.length} problem${problems.length === 1 ? "" : "s"}`}`,
    "",
    `${plain(begun)}, ${plain(loadSentence(report.load))}, by ${code(report.endpoint)}.`,
    ...bullets(problems),
    ...section("To know", bullets(remarks)),
    ...section("Answers of the API", operationTable(report)),
    ...section("Over time", pictures(report)),
    ...section("Gaps", gapTables(report)),
    ...section("Start of pods", podTable(report)),
    ...section("etcd", memberTable(report)),
    ...section("Meanwhile", meanwhile(report)),
    ...section("Compared with earlier runs", comparisonTable(report)),
    "",
  ].join("\n");
}

function bullets(sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : ["", ...sentences.map((sentence) => `- ${plain(sentence)}`)];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `### ${title}`, ...lines];
}

function operationTable({ operations }: LoadTestReport): string[] {
  return [
    "",
    ...table(
      ["request", "scope", "sent", "failed", "p50 ms", "p90 ms", "p99 ms", "max ms", "objective ms", "met"],
      operations.map(({ verb, resource, scope, sent, failed, latency, objective, met }) => [
        ...[`${verb} ${resource}`, scope, String(sent), String(failed)],
        ...[...percentileCells(latency), String(objective), yes(met)],
      ]),
    ),
  ];
}

function pictures({ timeline, clients, seconds }: LoadTestReport): string[] {
  const highest = timeline.reduce((most, { p99 = 0 }) => Math.max(most, p99), 0);
  const gapRows = clients
    .filter(({ gaps }) => gaps.length > 0)
    .map(({ client, gaps }) => [`gaps: ${client}`, gapMarks(timeline, gaps, seconds)] as const);
  const rows = [
    [`p99, up to ${highest} ms`, barsOf(timeline.map(({ p99 }) => p99))] as const,
    ["requests sent", barsOf(timeline.map(({ sent }) => sent))] as const,
    ["requests failed", digitsOf(timeline.map(({ failed }) => failed))] as const,
    ...gapRows,
  ];
  return ["", ...fenced(chart(rows, seconds), "text")];
}

function gapTables({ clients }: LoadTestReport): string[] {
  const all = clients.flatMap(({ client, gaps }) => gaps.map((gap) => ({ client, ...gap })));
  const shown = all
    .toSorted((a, b) => b.length - a.length)
    .slice(0, mostRows)
    .toSorted((a, b) => a.begin - b.begin);
  return [
    "",
    ...table(
      ["client", "sent", "failed", "longest without an answer s", "gaps", "why"],
      clients.map(({ client, sent, failed, silence, gaps, errors }) => [
        ...[clientTitles[client], String(sent), String(failed), String(silence), String(gaps.length)],
        errorText(errors) || "–",
      ]),
    ),
    ...(shown.length === 0
      ? ["", "No request failed, and none of these clients was without an answer."]
      : [
          "",
          ...table(
            ["client", "begin s", "length s", "failed", "answered in it", "longest without an answer s", "why"],
            shown.map(({ client, begin, length, failed, answered, silence, errors }) => [
              ...[client, begin, length, failed, answered, silence].map(String),
              errorText(errors) || "no answer at all",
            ]),
          ),
          ...left(all.length),
        ]),
  ];
}

const left = (all: number): string[] =>
  all > mostRows ? ["", `${all - mostRows} more are in the JSON document.`] : [];

function podTable({ pods }: LoadTestReport): string[] {
  if (pods === undefined) return [];
  const { made, started, late, pulled, latency, objective, met } = pods;
  return [
    "",
    ...table(
      ["made", "started", "late", "image pulled", "p50 ms", "p90 ms", "p99 ms", "max ms", "objective ms", "met"],
      [[...[made, started, late, pulled].map(String), ...percentileCells(latency), String(objective), yes(met)]],
    ),
    "",
    `By Node: ${
      Object.entries(pods.nodes)
        .map(([node, count]) => `${plain(node)} ${count}`)
        .join(", ") || "none"
    }.`,
    ...bullets(pods.reasons),
  ];
}

function memberTable({ etcd }: LoadTestReport): string[] {
  if (etcd.length === 0) return [];
  const cell = (value: number | undefined): string => (value === undefined ? "–" : String(value));
  return [
    "",
    ...table(
      ["member", "log: writes", "p50 ms", "p99 ms", "database: writes", "p50 ms", "p99 ms", "grown KiB", ""],
      etcd.map(({ host, fsync, commit, grown, leads, restarted, error }) => [
        ...[plain(host), cell(fsync?.count), cell(fsync?.p50), cell(fsync?.p99)],
        ...[cell(commit?.count), cell(commit?.p50), cell(commit?.p99)],
        cell(grown === undefined ? undefined : Math.round(grown / 1024)),
        [leads === true ? "leader" : "", restarted === true ? "started anew" : "", plain(error ?? "")]
          .filter((text) => text !== "")
          .join(", "),
      ]),
    ),
  ];
}

function meanwhile({ nodes, holders, changes, balancer }: LoadTestReport): string[] {
  const at = (seconds: number): string => `${seconds.toFixed(1)} s`;
  const rows = [
    ...changes.map((change) => ({ at: change.at, who: change.about, what: change.what })),
    ...balancer.map((event) => ({ at: event.at, who: event.host, what: event.text })),
  ].toSorted((a, b) => a.at - b.at);
  return [
    "",
    ...(nodes === undefined ? [] : [`- ${nodes.ready} of ${nodes.all} Nodes are ready at the end.`]),
    ...Object.entries(holders).map(
      ([vip, { first = "nobody", last = "nobody" }]) =>
        `- ${code(vip)}: ${first === last ? `${plain(first)} had it` : `${plain(first)} had it first, ${plain(last)} at the end`}.`,
    ),
    ...(rows.length === 0
      ? ["- No Node, unit, host or virtual IP has changed, and no API server was seen as down."]
      : []),
    ...(rows.length === 0
      ? []
      : [
          "",
          ...table(
            ["at", "what about", "what"],
            rows.slice(0, mostRows).map((row) => [at(row.at), plain(row.who), plain(row.what)]),
          ),
          ...left(rows.length),
        ]),
  ];
}

function comparisonTable({ comparison }: LoadTestReport): string[] {
  if (comparison === undefined) return [];
  const { runs, rows } = comparison;
  return [
    "",
    `99th percentiles, beside the median of ${runs} earlier run${runs === 1 ? "" : "s"} with the same load.`,
    "",
    ...table(
      ["what", "now ms", "before ms", "times", ""],
      rows.map(({ what, now, before, worse }) => [
        ...[plain(what), String(now), String(before), (now / before).toFixed(2), worse ? "**worse**" : ""],
      ]),
    ),
  ];
}
