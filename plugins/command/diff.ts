import { DiffKind, type DiffResult, type UpdateRequest } from "../provider/types.ts";
import { equal, isMap, isSecret, isUnknown, type PropertyMap, type PropertyValue } from "../provider/values.ts";
import type { Fields } from "./fields.ts";

/**
 * Compares old and new inputs property by property. Every change is an update, but one to `triggers` as a whole: that
 * replaces. (Changes inside of the list are updates here; the SDK's `replaceOnChanges` turns them into replacements.)
 * A secret is compared with its mark: a plain value that becomes secret is a change.
 */
export function diffInputs(fields: Fields, { olds, news, oldInputs }: UpdateRequest): DiffResult {
  const before = oldInputs ?? Object.fromEntries(Object.entries(olds).filter(([name]) => name in fields));
  const after = Object.fromEntries(
    Object.entries(news).filter(([name]) => name !== "version" && !name.startsWith("__")),
  );
  const found: Record<string, DiffKind> = {};
  diffMaps(before, after, "", found);
  const whole = found["triggers"];
  if (whole !== undefined) {
    found["triggers"] = REPLACING[whole];
  }
  const changed = [...new Set(Object.keys(found).map((path) => path.split(/[.[]/)[0] ?? path))].sort();
  return { changed, replaces: whole === undefined ? [] : ["triggers"], detailed: found, ofInputs: true };
}

const REPLACING: Record<DiffKind, DiffKind> = {
  [DiffKind.add]: DiffKind.addReplace,
  [DiffKind.addReplace]: DiffKind.addReplace,
  [DiffKind.delete]: DiffKind.deleteReplace,
  [DiffKind.deleteReplace]: DiffKind.deleteReplace,
  [DiffKind.update]: DiffKind.updateReplace,
  [DiffKind.updateReplace]: DiffKind.updateReplace,
};

function diffMaps(before: PropertyMap, after: PropertyMap, path: string, found: Record<string, DiffKind>): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    diffValues(before[key] ?? undefined, after[key] ?? undefined, childPath(path, key), found);
  }
}

function diffValues(
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  path: string,
  found: Record<string, DiffKind>,
): void {
  if (before === undefined && after === undefined) {
    return;
  }
  if (before === undefined) {
    found[path] = DiffKind.add;
  } else if (after === undefined) {
    found[path] = DiffKind.delete;
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      diffValues(before[index], after[index], `${path}[${index}]`, found);
    }
  } else if (isPlainMap(before) && isPlainMap(after)) {
    diffMaps(before, after, path, found);
  } else if (isUnknown(after) || !equal(before, after)) {
    found[path] = DiffKind.update;
  }
}

function isPlainMap(value: PropertyValue): value is PropertyMap {
  return isMap(value) && !isSecret(value);
}

function childPath(path: string, key: string): string {
  const simple = /^[A-Za-z_$][\w$]*$/.test(key);
  if (!simple) {
    return `${path}[${JSON.stringify(key)}]`;
  }
  return path === "" ? key : `${path}.${key}`;
}
