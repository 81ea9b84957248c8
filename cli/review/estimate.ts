import { formatDuration } from "../render/duration.ts";
import type { PastStep } from "./history.ts";

/** How long a run will take, from past runs. */
export interface Estimate {
  /** Milliseconds, of the steps that have been done before. */
  known: number;
  /** Kinds of steps that have never been done, in the order in which they come. */
  unknown: string[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/**
 * The sum over the waves of their slowest step. Of each kind the median of the last runs counts.
 *
 * @param waves kinds of steps per wave.
 */
export function estimate(waves: readonly (readonly string[])[], past: readonly PastStep[], last = 20): Estimate {
  const durations = new Map<string, number[]>();
  for (const { kind, duration } of past) durations.set(kind, [...(durations.get(kind) ?? []), duration]);
  const unknown = [...new Set(waves.flat())].filter((kind) => !durations.has(kind));
  const known = waves.reduce(
    (sum, kinds) => sum + Math.max(0, ...kinds.map((kind) => median((durations.get(kind) ?? []).slice(-last)))),
    0,
  );
  return { known, unknown };
}

/** `about 45.0 s`, `at least 45.0 s`, `unknown`. */
export function describeEstimate(value: Estimate, steps: number): string {
  if (steps === 0) return "nothing to do on hosts";
  if (value.unknown.length === 0) return `about ${formatDuration(value.known)}`;
  return value.known === 0 ? "unknown" : `at least ${formatDuration(value.known)}`;
}
