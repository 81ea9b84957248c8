import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** Kinds of which contents are compared with the live cluster's. */
export const sampledKinds = ["namespaces", "nodes", "configmaps", "secrets", "deployments.apps"];
/** Objects of each of them. */
export const sampleSize = 10;

/** What became of the objects of a sample. */
export interface Sample {
  /** Equal in both. */
  same: number;
  /** Another one by now, changed since, or gone. */
  changed: number;
}

/** So many of a list, spread evenly over it. */
export function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)] as Item);
}

const identity = z.object({ metadata: z.object({ uid: z.string(), resourceVersion: z.string() }) });

/**
 * How an object of the drill and that of the live cluster are to each other. Two of the same uid and resource version are one and the same:
 * `different` means that what was restored is not what was there.
 *
 * @param live undefined where it is gone.
 */
export function compareObjects(restored: unknown, live: unknown): "same" | "changed" | "different" {
  const [one, other] = [identity.safeParse(restored), identity.safeParse(live)];
  if (!one.success) return "different";
  if (!other.success || !isDeepStrictEqual(one.data, other.data)) return "changed";
  return isDeepStrictEqual(restored, live) ? "same" : "different";
}
