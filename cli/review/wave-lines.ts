import type { RunEvents } from "../pulumi/events.ts";
import { describeWave, itemWaves, kindWaves, reviewItems } from "./model.ts";
import type { Ordered } from "../../plan/runs/order.ts";

/** `Wave 1: etcd on cp1 (restarts etcd.service)`, for a preview. */
export function waveLines(
  events: Pick<RunEvents, "planned">,
  order: readonly Ordered[],
  inventory: readonly string[],
): string[] {
  const waves = itemWaves(reviewItems(events.planned, inventory), order);
  return waves.map((wave, index) => `Wave ${index + 1}: ${describeWave(wave).join("; ")}`);
}

/** What a preview would do on hosts, by wave, as kinds of steps; see `expectedDuration`. */
export function plannedKinds(
  events: Pick<RunEvents, "planned">,
  order: readonly Ordered[],
  inventory: readonly string[],
): string[][] {
  return kindWaves(itemWaves(reviewItems(events.planned, inventory), order));
}
