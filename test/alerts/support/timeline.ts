import { held } from "./cases.ts";

/** Values of a series from a function of time; undefined where there is none, as when its target is gone. */
export function timeline(steps: number, valueAt: (step: number) => number | undefined): string {
  const runs: [number | "_" | "stale", number][] = [];
  let before: number | undefined;
  for (let step = 0; step < steps; step++) {
    const value = valueAt(step);
    const written = value ?? (before === undefined ? "_" : "stale");
    const last = runs.at(-1);
    if (last?.[0] === written) last[1]++;
    else runs.push([written, 1]);
    before = value;
  }
  return held(...runs);
}
