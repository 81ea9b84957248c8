import type { RunState, RunStep } from "../runs/progress.ts";

/** A change of a run on the line of its host. Parts of the width, 0 to 100. */
export interface Bar {
  start: number;
  width: number;
  op: string;
  what: string;
  state: "running" | "done" | "failed";
  /** Milliseconds. */
  duration: number;
}

export interface BarLine {
  /** Empty for the cluster as a whole. */
  host: string;
  bars: readonly Bar[];
}

/** What a run has done when, a line for each host. */
export interface Bars {
  lines: readonly BarLine[];
  /** Lines that are not shown: hosts that were done with the longest ago. */
  hidden: number;
  /** Milliseconds since the epoch: the left and the right end. */
  from: number;
  to: number;
}

const most = { lines: 40, bars: 24 };
/** A change that took no time can be seen as well. */
const least = 0.4;

/**
 * Lays the changes of a run out by time.
 *
 * @param now milliseconds since the epoch: until when a change under way goes.
 */
export function barsOf({ steps, end }: Pick<RunState, "steps" | "end">, now: number): Bars {
  const from = steps.reduce((first, { begun }) => Math.min(first, begun), Infinity);
  if (from === Infinity) return { lines: [], hidden: 0, from: now, to: now };
  const until = ({ ended }: RunStep): number => ended ?? end?.at ?? now;
  const to = steps.reduce((last, step) => Math.max(last, until(step)), from + 1);
  const part = (time: number): number => (100 * (time - from)) / (to - from);
  const byHost = [...Map.groupBy(steps, ({ host = "" }) => host)];
  const recent = byHost.toSorted(([, a], [, b]) => Math.max(...b.map(until)) - Math.max(...a.map(until)));
  const kept = new Set(recent.slice(0, most.lines).map(([host]) => host));
  const lines = byHost
    .filter(([host]) => kept.has(host))
    .map(([host, its]): BarLine => ({
      host,
      bars: its.slice(-most.bars).map((step): Bar => {
        const width = Math.min(100, Math.max(least, part(until(step)) - part(step.begun)));
        return {
          // One that would end behind the right end begins earlier.
          start: Math.min(part(step.begun), 100 - width),
          width,
          ...{ op: step.op, what: step.what, duration: until(step) - step.begun },
          state: step.ended === undefined ? "running" : step.failed ? "failed" : "done",
        };
      }),
    }));
  return { lines, hidden: byHost.length - lines.length, from, to };
}
