import type { PropertyMap } from "../../provider/values.ts";
import { listAt, numberAt, textAt, type KubeObject } from "../../../kube/object.ts";

/** Whether an object does what it is for. The reason is a phrase without a full stop. */
export type Judgment = { state: "ready" } | { state: "waiting"; reason: string } | { state: "failed"; reason: string };

export const READY: Judgment = { state: "ready" };
export const waiting = (reason: string): Judgment => ({ state: "waiting", reason });
export const failed = (reason: string): Judgment => ({ state: "failed", reason });

export function condition(object: KubeObject, type: string): PropertyMap | undefined {
  return listAt(object, "status", "conditions").find((entry) => entry["type"] === type);
}

export const isTrue = (found: PropertyMap | undefined): boolean => found?.["status"] === "True";

/** `[Reason] message` of a condition; `fallback` when it says nothing. */
export function conditionText(found: PropertyMap | undefined, fallback: string): string {
  const reason = textAt(found, "reason");
  const message = textAt(found, "message");
  if (reason === "" && message === "") {
    return fallback;
  }
  return reason === "" ? message : `[${reason}] ${message}`.trim();
}

/** Whether the object's controller has not yet seen its last change. */
export const isUnobserved = (object: KubeObject): boolean =>
  numberAt(object, "status", "observedGeneration") < numberAt(object, "metadata", "generation");
