import type { Digest } from "../engine/digest.ts";
import { describeWave, itemWaves, reviewItems } from "../review/model.ts";
import type { Ordered } from "../review/waves.ts";

/** `Wave 1: etcd on cp1 (restarts etcd.service)`, for a preview. */
export function waveLines(
  digest: Pick<Digest, "planned">,
  order: readonly Ordered[],
  inventory: readonly string[],
): string[] {
  const waves = itemWaves(reviewItems(digest.planned, inventory), order);
  return waves.map((wave, index) => `Wave ${index + 1}: ${describeWave(wave).join("; ")}`);
}
