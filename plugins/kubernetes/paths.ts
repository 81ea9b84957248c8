import type { PathSegment } from "./forceNew.ts";

/** `["spec", "ports", 0, "a.b"]` → `spec.ports[0]["a.b"]`. */
export function pathText(path: readonly PathSegment[]): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") {
      text += `[${segment}]`;
    } else if (/[."[\]]/.test(segment)) {
      text += `["${segment.replaceAll('"', '\\"')}"]`;
    } else {
      text += text === "" ? segment : `.${segment}`;
    }
  }
  return text;
}

/** Reads a property path as `ignoreChanges` has it; `*` stands for any key or index. */
export function parsePath(text: string): PathSegment[] {
  const segments: PathSegment[] = [];
  for (const match of text.matchAll(/\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)) {
    const [, index, quoted, name] = match;
    if (index !== undefined) {
      segments.push(index === "*" ? "*" : Number(index));
    } else {
      segments.push(quoted?.replaceAll('\\"', '"') ?? name ?? "");
    }
  }
  return segments;
}

/** Whether `inner` is `outer` or something below it. */
export function contains(outer: readonly PathSegment[], inner: readonly PathSegment[]): boolean {
  return outer.every((segment, index) => segment === "*" || segment === inner[index]) && outer.length <= inner.length;
}
