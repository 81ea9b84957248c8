import { isUnknown, type PropertyMap } from "../provider/values.ts";
import { at, textAt, withValue, type KubeObject } from "../../kube/object.ts";

const PREFIX = "pulumi.com/";

/** Says that the name was made up, so that a replacement may take another one. */
export const AUTONAMED = `${PREFIX}autonamed`;

function annotation(object: KubeObject, name: string): string {
  return textAt(object, "metadata", "annotations", PREFIX + name);
}

export const skipsAwait = (object: KubeObject): boolean => annotation(object, "skipAwait") === "true";
export const forcesPatch = (object: KubeObject): boolean => annotation(object, "patchForce") === "true";
export const replacesUnready = (object: KubeObject): boolean => annotation(object, "replaceUnready") === "true";
export const wantedFieldManager = (object: KubeObject): string => annotation(object, "patchFieldManager");
export const isAutonamed = (object: KubeObject): boolean => annotation(object, "autonamed") === "true";

/** Conditions to wait for in place of those of the kind: one, or a JSON list. */
export function waitsFor(object: KubeObject): string[] {
  const value = annotation(object, "waitFor");
  if (value === "") {
    return [];
  }
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed.map(String) : [value];
  } catch {
    return [value];
  }
}

/** Seconds from `customTimeouts`, else from the annotation, else `fallback`. */
export function timeoutOf(object: KubeObject, customSeconds: number, fallback: number): number {
  const annotated = annotation(object, "timeoutSeconds");
  if (customSeconds > 0) {
    return customSeconds;
  }
  return /^\d+$/.test(annotated) ? Number(annotated) : fallback;
}

export function deletionPropagation(object: KubeObject): "Orphan" | "Background" | "Foreground" {
  switch (annotation(object, "deletionPropagationPolicy").toLowerCase()) {
    case "orphan":
      return "Orphan";
    case "background":
      return "Background";
    default:
      return "Foreground";
  }
}

/** Marks a made-up name. Unknown annotations cannot take a mark. */
export function markAutonamed(object: PropertyMap): PropertyMap {
  const annotations = at(object, "metadata", "annotations");
  return isUnknown(annotations) ? object : withValue(object, ["metadata", "annotations", AUTONAMED], "true");
}
