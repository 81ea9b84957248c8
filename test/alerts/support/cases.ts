/** Series as promtool takes them: `name{label="value"}` → its values, one for each step of time, in promtool's own notation. */
export type Series = Readonly<Record<string, string>>;

/** One alert as it is sent: its labels besides `alertname`, and its sentence. */
export interface Sent {
  labels: Readonly<Record<string, string>>;
  summary: string;
}

interface Given {
  alert: string;
  /** What is special about it. Default: the plain fault. */
  title?: string;
  /** Of a step. Default: `1m`. */
  interval?: string;
  /** Seconds since the epoch of the step 0. Default: 0. */
  start?: number;
  series: Series;
}

/** A fault: the alert fires when its time has come and not a step before, and it ends. */
export interface FiringCase extends Given {
  /** First step at which it fires; 0 where it always does. */
  from: number;
  /** Later steps at which it still fires, with the same words. Default: none. */
  still?: readonly number[];
  /** First step at which it does so no more; `never` for what is always on. */
  until: number | "never";
  sent: readonly Sent[];
}

/** Something that looks like a fault, and is none of this alert's. */
export interface QuietCase extends Given {
  title: string;
  /** Steps for which nothing fires. */
  steps: number;
}

export type AlertCase = FiringCase | QuietCase;

export const isQuiet = (one: AlertCase): one is QuietCase => "steps" in one;

/**
 * Values one after the other, each for some steps: `held([1, 5], [0, 10])` are five ones and ten zeros. `_` is no value, `stale` is what
 * Prometheus notes when a target or a series is gone.
 */
export function held(...runs: readonly (readonly [number | "_" | "stale", number])[]): string {
  return runs
    .map(([value, times]) =>
      value === "_"
        ? `_x${times}`
        : times === 1
          ? String(value)
          : value === "stale"
            ? "stale"
            : `${value}x${times - 1}`,
    )
    .join(" ");
}

/** Well for 5 steps, then bad for some, then well again for 10. */
export const spell = (well: number, bad: number, steps: number): string => held([well, 5], [bad, steps], [well, 10]);

/** Buckets of a histogram, of which one more is added to at each step between two, and nothing at others. */
export function histogram(
  name: string,
  labels: string,
  { below, within, from, to }: { below: string; within: string; from: number; to: number },
): Series {
  const times = to - from;
  const grows = `${held([0, from])} 60+60x${times - 1} ${held([60 * times, 20])}`;
  return {
    [`${name}_bucket{${labels}, le="${below}"}`]: held([0, to + 20]),
    [`${name}_bucket{${labels}, le="${within}"}`]: grows,
    [`${name}_bucket{${labels}, le="+Inf"}`]: grows,
  };
}
