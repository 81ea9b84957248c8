/** One bucket of a histogram: how many took at most so long. */
export interface Bucket {
  /** Seconds; Infinity for the last one. */
  seconds: number;
  /** Includes those of shorter times. */
  count: number;
}

/**
 * What came since an earlier reading of the same histogram. One that has begun anew, with the process that counts, is what came
 * since then.
 */
export function since(now: readonly Bucket[], before: readonly Bucket[]): Bucket[] {
  const earlier = new Map(before.map(({ seconds, count }) => [seconds, count]));
  const same =
    now.length === before.length && now.every(({ seconds, count }) => (earlier.get(seconds) ?? Infinity) <= count);
  return same ? now.map(({ seconds, count }) => ({ seconds, count: count - (earlier.get(seconds) ?? 0) })) : [...now];
}

/**
 * The time that a part of all took at most, seconds: as in Prometheus' `histogram_quantile`, what is in a bucket counts as spread
 * evenly over it, and what is beyond the last limit as that limit.
 *
 * @param part between 0 and 1, e.g. 0.99.
 * @returns undefined where nothing was counted.
 */
export function quantile(buckets: readonly Bucket[], part: number): number | undefined {
  const sorted = buckets.toSorted((a, b) => a.seconds - b.seconds);
  const total = sorted.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = part * total;
  const at = sorted.findIndex(({ count }) => count >= rank);
  const found = sorted[at];
  if (found === undefined) return undefined;
  const { seconds: lower, count: below } = sorted[at - 1] ?? { seconds: 0, count: 0 };
  if (found.seconds === Infinity) return lower;
  const within = found.count - below;
  return within === 0 ? found.seconds : lower + ((found.seconds - lower) * (rank - below)) / within;
}
