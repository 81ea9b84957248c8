import type { RunEvents } from "../pulumi/events.ts";
import { describeWave, itemWaves, reviewItems } from "./model.ts";
import type { Ordered } from "../pulumi/program.ts";

/** `Wave 1: etcd on cp1 (restarts etcd.service)`, for a preview. */
export function waveLines(
  events: Pick<RunEvents, "planned">,
  order: readonly Ordered[],
  inventory: readonly string[],
): string[] {
  const waves = itemWaves(reviewItems(events.planned, inventory), order);
  return waves.map((wave, index) => `Wave ${index + 1}: ${describeWave(wave).join("; ")}`);
}
