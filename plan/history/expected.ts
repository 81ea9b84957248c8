/** What a past run says about how long something takes. Durations are milliseconds. */
export interface TimedRun {
  command: string;
  /** `done` and others: see `RunResult` in local/history.ts. */
  result: string;
  phases: readonly { name: string; duration: number }[];
  /** Steps that have succeeded, by kind, such as `update etcd`. */
  steps: readonly { kind: string; durations: readonly number[] }[];
}

/** How long something that is planned will take, from past runs. */
export interface Expectation {
  /** Milliseconds, of the steps that have been done before. */
  known: number;
  /** Kinds of steps that have never been done, in the order in which they come. */
  unknown: string[];
}

/** So many durations of a kind count, the newest: of a small stack some runs, of a large one the last. */
const enough = 20;
/** So many runs of a command count for how long it and its phases take. */
const lastRuns = 5;

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return undefined;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * How long each kind of step usually takes: the median of its durations in the newest runs that had it, of as many as come
 * to {@link enough}. A failed run counts for the steps that it has done.
 *
 * @param past the oldest first.
 * @returns kind → milliseconds; kinds that were never done are not in it.
 */
export function usualDurations(past: readonly TimedRun[]): ReadonlyMap<string, number> {
  const found = new Map<string, number[]>();
  for (const { steps } of past.toReversed()) {
    for (const { kind, durations } of steps) {
      const known = found.get(kind) ?? [];
      if (known.length < enough) found.set(kind, [...known, ...durations]);
    }
  }
  return new Map(
    [...found].flatMap(([kind, durations]) => {
      const usual = median(durations);
      return usual === undefined ? [] : [[kind, usual] as const];
    }),
  );
}

/**
 * How long what is planned will take: the sum over the waves of their slowest step, each as long as its kind usually takes.
 * What lies between the steps (the engine's start, a queue) is not in it.
 *
 * @param waves kinds of steps by wave, as `kindOf` in cli/review/resources.ts names them.
 */
export function expectedDuration(
  waves: readonly (readonly string[])[],
  usual: ReadonlyMap<string, number>,
): Expectation {
  const unknown = [...new Set(waves.flat())].filter((kind) => !usual.has(kind));
  const known = waves.reduce((sum, kinds) => sum + Math.max(0, ...kinds.map((kind) => usual.get(kind) ?? 0)), 0);
  return { known, unknown };
}

/**
 * How long a command usually takes as a whole: the median of the last runs that have changed something and were done.
 *
 * @param past the oldest first.
 * @returns milliseconds, or undefined where there was none.
 */
export function usualRun(
  past: readonly {
    command: string;
    result: string;
    duration?: number;
    changes: Readonly<Record<string, number>>;
  }[],
  command: string,
): number | undefined {
  const alike = past.filter(
    (run) => run.command === command && run.result === "done" && Object.keys(run.changes).length > 0,
  );
  return median(alike.flatMap(({ duration }) => duration ?? []).slice(-lastRuns));
}

/**
 * How long a phase of a command usually takes: the median of the last runs that were not cut short.
 *
 * @param past the oldest first.
 * @returns milliseconds, or undefined where there was none.
 */
export function usualPhase(past: readonly TimedRun[], command: string, phase: string): number | undefined {
  const whole = past.filter((run) => run.command === command && ["done", "changes", "drift"].includes(run.result));
  const durations = whole.flatMap(({ phases }) => phases.filter(({ name }) => name === phase));
  return median(durations.slice(-lastRuns).map(({ duration }) => duration));
}
