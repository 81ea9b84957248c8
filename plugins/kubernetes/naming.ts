import { createHash, randomBytes } from "node:crypto";
import type { CheckExtras } from "../provider/types.ts";
import { isUnknown } from "../provider/values.ts";
import { isAutonamed, markAutonamed } from "./annotations.ts";
import { at, nameOf, textAt, withValue, type KubeObject } from "../../kube/object.ts";

export const isNamed = (inputs: KubeObject): boolean =>
  nameOf(inputs) !== "" || isUnknown(at(inputs, "metadata", "name")) || isUnknown(at(inputs, "metadata"));

export const generatesName = (inputs: KubeObject): boolean =>
  !isNamed(inputs) && textAt(inputs, "metadata", "generateName") !== "";

/** `prefix` and 8 hex digits; the same for the same seed. */
export function uniqueName(prefix: string, seed: Uint8Array): string {
  const bytes = seed.length === 0 ? randomBytes(4) : createHash("sha256").update(seed).update(prefix).digest();
  return prefix + bytes.subarray(0, 4).toString("hex");
}

/**
 * Gives unnamed inputs a name: the one made up before, else what the stack's autonaming proposes, else the resource's name
 * and 8 hex digits. Such a name is marked, so that a replacement takes a new one and may stand beside the old object.
 */
export function withName(inputs: KubeObject, resourceName: string, extras: CheckExtras, olds: KubeObject): KubeObject {
  if (isNamed(inputs) || generatesName(inputs)) {
    return inputs;
  }
  const isNew = Object.keys(olds).length === 0;
  if (!isNew && !isAutonamed(olds)) {
    return inputs;
  }
  if (isNew && extras.autonaming?.disabled === true) {
    throw new Error(`${resourceName} has no metadata.name, and the stack's pulumi:autonaming is off; give it a name.`);
  }
  const proposed = extras.autonaming?.proposed ?? "";
  const fresh = proposed === "" ? uniqueName(`${resourceName}-`, extras.randomSeed) : proposed;
  return markAutonamed(withValue(inputs, ["metadata", "name"], isNew ? fresh : nameOf(olds)));
}
