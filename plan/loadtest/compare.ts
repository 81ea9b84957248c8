import { isSameLoad } from "./profiles.ts";
import type { LoadTestReport } from "./report.ts";
import { percentile } from "./samples.ts";

export type Comparison = NonNullable<LoadTestReport["comparison"]>;

type Figures = Pick<LoadTestReport, "operations" | "pods" | "etcd">;

/** What is compared: name → 99th percentile, milliseconds. */
function figuresOf({ operations, pods, etcd }: Figures): Map<string, number> {
  const slowest = (which: "fsync" | "commit"): number =>
    etcd.reduce((most, member) => Math.max(most, member[which]?.p99 ?? 0), 0);
  const all: [string, number | undefined][] = [
    ...operations.map(({ verb, resource, scope, latency }): [string, number | undefined] => [
      `${verb} ${resource} (${scope})`,
      latency?.p99,
    ]),
    ["pod start-up", pods?.latency?.p99],
    ["etcd's log, slowest member", slowest("fsync")],
    ["etcd's database, slowest member", slowest("commit")],
  ];
  return new Map(all.flatMap(([name, value]) => (value === undefined || value === 0 ? [] : [[name, value] as const])));
}

/** A figure is worse when it is that many times as large, and by so many milliseconds. */
const worse = { factor: 1.5, milliseconds: 20 } as const;

/**
 * Compares with earlier runs that had the same load.
 *
 * @param earlier of the same stack, in any order.
 * @returns undefined where there is none.
 */
export function compare(
  report: Figures & Pick<LoadTestReport, "load">,
  earlier: readonly LoadTestReport[],
): Comparison | undefined {
  const same = earlier.filter(({ load }) => isSameLoad(load, report.load)).map(figuresOf);
  if (same.length === 0) return undefined;
  const rows = [...figuresOf(report)].flatMap(([what, now]) => {
    const values = same.flatMap((one) => one.get(what) ?? []).toSorted((a, b) => a - b);
    if (values.length === 0) return [];
    const before = percentile(values, 0.5);
    return [{ what, now, before, worse: now > before * worse.factor && now - before >= worse.milliseconds }];
  });
  return { runs: same.length, rows };
}

/** Sentences about what has become worse. */
export function comparisonRemarks({ runs, rows }: Comparison): string[] {
  return rows
    .filter((row) => row.worse)
    .map(
      ({ what, now, before }) =>
        `${what}: ${now} ms, ${Math.round((now / before) * 10) / 10} times as long as in ${runs === 1 ? "the run" : `the ${runs} runs`} before (${before} ms)`,
    );
}
