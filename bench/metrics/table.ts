import type { MetricsRow } from "./row.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en");

/** What Prometheus needs for each number of hosts, and then what each job is at one host: a heading and rows. */
export function metricsTable(rows: readonly MetricsRow[]): { prometheus: string[][]; jobs: string[][] } {
  const [first] = rows.filter(({ failure }) => failure === undefined);
  return {
    prometheus: [
      ["hosts", "targets", "series", "samples/s", "KiB/s", "processors", "memory MiB", "slowest rules s", "result"],
      ...rows.map((row) => [
        ...[row.hosts, row.targets, row.series, row.samplesPerSecond, row.bytesPerSecond / 1024].map(whole),
        row.processors.toFixed(2),
        whole(row.peakMiB),
        row.slowestRules.toFixed(3),
        row.failure === undefined ? "done" : `FAILED: ${row.failure}`,
      ]),
    ],
    jobs: [
      ["job", "series/host", "KiB/host"],
      ...(first?.jobs ?? []).map(({ job, series, bytes }) => [job, whole(series), whole(bytes / 1024)]),
    ],
  };
}
