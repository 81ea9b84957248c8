import type { LoadTestReport } from "./report.ts";
import type { ClientName } from "./samples.ts";

type Operation = LoadTestReport["operations"][number];
type Client = LoadTestReport["clients"][number];
type Pods = NonNullable<LoadTestReport["pods"]>;

/** How clients are called for people. */
export const clientTitles: Readonly<Record<ClientName, string>> = {
  load: "requests of the load, on kept connections",
  pods: "requests for pods, on kept connections",
  new: "reads, each by a new connection",
  kept: "reads by one HTTP/2 connection",
  write: "writes, each by a new connection",
};

/** Milliseconds by which this machine may have been late, 99th percentile: beyond, its own figures say little. */
const mostDelay = 100;

export interface Verdict {
  operations: readonly Operation[];
  pods: Pods | undefined;
  clients: readonly Client[];
  /** Seconds that a gap may have. */
  maxGap: number;
}

/** Why a load test has failed, as sentences; none: everything was as it is to be. */
export function problemsOf({ operations, pods, clients, maxGap }: Verdict): string[] {
  return [
    ...operations.filter(({ met }) => met === false).map(slowSentence),
    ...(pods?.met === false ? [podSentence(pods)] : []),
    ...clients.flatMap((one) => gapSentence(one, maxGap)),
  ];
}

function slowSentence({ verb, resource, scope, latency, objective, sent, failed }: Operation): string {
  const what = `${verb} ${resource} (${scope})`;
  if (latency === undefined) return `${what}: ${failed} of ${sent} failed, none was answered well`;
  return `${what}: 1 % took more than ${latency.p99} ms, expected at most ${objective} ms`;
}

function podSentence({ latency, objective, late, reasons }: Pods): string {
  const slow = `pods: 1 % took more than ${latency?.p99 ?? 0} ms to start, expected at most ${objective} ms`;
  const why = reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
  return late === 0 ? slow : `${slow}; ${late} had not started after 60 s${why}`;
}

function gapSentence({ client, gaps, sent, failed }: Client, maxGap: number): string[] {
  const long = gaps.filter(({ length }) => length > maxGap);
  if (long.length === 0) return [];
  const longest = long.reduce((most, { length }) => Math.max(most, length), 0);
  return [
    `${clientTitles[client]}: ${failed} of ${sent} failed, ${long.length} gap${long.length === 1 ? "" : "s"}` +
      `${maxGap > 0 ? ` longer than ${maxGap} s` : ""}, the longest ${longest} s`,
  ];
}

/** What to know of the generator itself, as sentences. */
export function generatorRemarks({ heldBack, delay }: { heldBack: number; delay: number }): string[] {
  return [
    ...(heldBack > 0
      ? [
          `${heldBack} requests were not sent, because too many others were waiting for an answer: the load was less than asked for`,
        ]
      : []),
    ...(delay > mostDelay
      ? [`this machine was late by more than ${delay} ms for 1 % of the time: it adds that to what it measured`]
      : []),
  ];
}
