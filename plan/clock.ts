import type { HostFacts } from "./facts.ts";

/** How far a host's clock is off, in seconds: within `skew` ± `skewUncertainty`, positive where it is ahead. */
export type ClockReading = Required<Pick<HostFacts, "skew" | "skewUncertainty">>;

/**
 * Compares a host's clock with the reader's. The host reads its clock when its look is over, which is at least `elapsed` after
 * the command was sent and before its end was heard of. Where in between is not known: the way there and back, a busy
 * host and a busy reader take their part of it. So the middle is the guess, and half of it the uncertainty.
 *
 * @param sent by the reader's clock, seconds since the epoch: right before the command was sent.
 * @param heard likewise: its end was heard of.
 */
export function readClock(
  { clock, elapsed }: Pick<HostFacts, "clock" | "elapsed">,
  sent: number,
  heard: number,
): ClockReading {
  const skewUncertainty = Math.max(0, heard - sent - elapsed) / 2;
  return { skew: clock - (heard - skewUncertainty), skewUncertainty };
}

/**
 * How far each clock is off the middle of all of them for certain, in seconds, negative where it is late; 0 where it may be
 * right. If every clock is somewhere within its own interval, the middle of all is within that of the lower and upper ends.
 */
export function certainSkews(readings: readonly ClockReading[]): number[] {
  const lower = readings.map(({ skew, skewUncertainty }) => skew - skewUncertainty);
  const upper = readings.map(({ skew, skewUncertainty }) => skew + skewUncertainty);
  const earliest = middle(lower);
  const latest = middle(upper);
  return readings.map((_, index) => {
    const ahead = (lower[index] ?? 0) - latest;
    const behind = (upper[index] ?? 0) - earliest;
    return ahead > 0 ? ahead : Math.min(0, behind);
  });
}

/**
 * How far all clocks together are off the reader's for certain, in seconds, negative where they are behind; 0 where they may be
 * right.
 */
export function certainOffset(readings: readonly ClockReading[]): number {
  if (readings.length === 0) return 0;
  const ahead = middle(readings.map(({ skew, skewUncertainty }) => skew - skewUncertainty));
  const behind = middle(readings.map(({ skew, skewUncertainty }) => skew + skewUncertainty));
  return ahead > 0 ? ahead : Math.min(0, behind);
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
