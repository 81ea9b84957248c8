import { DiffKind, type DiffResult } from "../provider/types.ts";
import { equal, isMap, isUnknown, type PropertyMap, type PropertyValue } from "../provider/values.ts";
import { isAutonamed } from "./annotations.ts";
import { type PathSegment, touches } from "./forceNew.ts";
import { nameOf, namespaceOf, withoutValue, withValue, type KubeObject } from "../../kube/object.ts";
import { contains, parsePath, pathText } from "./paths.ts";
import { isEmpty, prune } from "./normalize.ts";

export interface DiffInput {
  /** What the last run declared, normalized. */
  oldInputs: KubeObject;
  /** What the server answered then. */
  oldLive: KubeObject;
  /** What is declared now, normalized; may have unknown parts. */
  newInputs: KubeObject;
  namespaced: boolean;
  /** Paths whose change replaces the object. */
  forceNew: readonly string[];
  ignoreChanges: readonly string[];
}

/**
 * Compares what is declared with what the server last answered, as far as the old declaration says: so drift that a refresh
 * found is a change, and what the server filled in is none.
 */
export function diffObject(input: DiffInput): DiffResult {
  const { oldInputs, oldLive, forceNew, ignoreChanges } = input;
  const before = comparable(withIdentity(prune(oldLive, oldInputs), input), input.namespaced);
  const after = comparable(input.newInputs, input.namespaced);
  const changes: Change[] = [];
  compareMaps([], before, after, oldInputs, changes);
  const ignored = ignoreChanges.map(parsePath);
  const counted = changes.filter(({ path }) => !ignored.some((outer) => contains(outer, path)));
  const detailed: Record<string, DiffKind> = {};
  const replaces: string[] = [];
  for (const { path, kind, value } of counted) {
    const replacing = touches(path, value, forceNew);
    const text = pathText(path);
    detailed[text] = replacing ? REPLACING[kind] : kind;
    if (replacing || (kind === DiffKind.delete && text === "metadata")) {
      replaces.push(text);
    }
  }
  const changed = [...new Set(counted.map(({ path }) => String(path[0])))].sort();
  return { changed, replaces, detailed, deleteBeforeReplace: replaces.length > 0 && keepsItsPlace(after, oldLive) };
}

/** A replacement under the same fixed name and namespace cannot exist beside the old object. */
function keepsItsPlace(after: KubeObject, oldLive: KubeObject): boolean {
  return (
    !isAutonamed(after) &&
    nameOf(after) === nameOf(oldLive) &&
    (namespaceOf(after) || "default") === (namespaceOf(oldLive) || "default")
  );
}

/** The name counts even where the old inputs did not have one, and versions of the API server's own do not. */
function withIdentity(pruned: KubeObject, { oldLive, newInputs }: DiffInput): KubeObject {
  const identity = { apiVersion: newInputs["apiVersion"] ?? "", kind: newInputs["kind"] ?? "" };
  const named = nameOf(newInputs) === "" ? pruned : withValue(pruned, ["metadata", "name"], nameOf(oldLive));
  return withoutValue({ ...identity, ...named }, ["metadata", "resourceVersion"]);
}

function comparable(object: KubeObject, namespaced: boolean): KubeObject {
  const { metadata } = object;
  if (!isMap(metadata)) {
    return object;
  }
  if (!namespaced) {
    return withoutValue(object, ["metadata", "namespace"]);
  }
  return metadata["namespace"] === undefined || metadata["namespace"] === ""
    ? withValue(object, ["metadata", "namespace"], "default")
    : object;
}

interface Change {
  path: readonly PathSegment[];
  kind: typeof DiffKind.add | typeof DiffKind.delete | typeof DiffKind.update;
  /** The new value; undefined for a delete. */
  value: PropertyValue | undefined;
}

const REPLACING: Record<Change["kind"], DiffKind> = {
  [DiffKind.add]: DiffKind.addReplace,
  [DiffKind.delete]: DiffKind.deleteReplace,
  [DiffKind.update]: DiffKind.updateReplace,
};

type Maybe = PropertyValue | undefined;

function compareMaps(
  path: readonly PathSegment[],
  before: PropertyMap,
  after: PropertyMap,
  declared: Maybe,
  changes: Change[],
): void {
  const old = isMap(declared) ? declared : {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare([...path, key], before[key], after[key], old[key], changes);
  }
}

function compare(path: readonly PathSegment[], before: Maybe, after: Maybe, declared: Maybe, changes: Change[]): void {
  if (before === undefined && after === undefined) {
    return;
  }
  if (before === undefined) {
    // The server leaves out empty values of many fields: one that was declared before is in place.
    if (!(isEmpty(after) && equal(after, declared))) {
      changes.push({ path, kind: DiffKind.add, value: after });
    }
  } else if (after === undefined) {
    changes.push({ path, kind: DiffKind.delete, value: undefined });
  } else if (isMap(before) && isMap(after)) {
    compareMaps(path, before, after, declared, changes);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const old = Array.isArray(declared) ? declared : [];
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      compare([...path, index], before[index], after[index], old[index], changes);
    }
  } else if (isUnknown(after) || before !== after) {
    changes.push({ path, kind: DiffKind.update, value: after });
  }
}
