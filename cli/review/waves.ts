import type { Ordered } from "../pulumi/program.ts";

/**
 * The order in which the changed resources are changed: wave by wave, each as early as what it waits for allows. What does
 * not change takes no time, but passes on what waits for it.
 *
 * A part of a component waits for whatever the component waits for, and what waits for a component waits for all its parts.
 *
 * @param resources in the order in which the program declares them.
 * @returns the changed keys in that order, by wave; keys that the program has not declared are left out.
 */
export function wavesOf(resources: readonly Ordered[], changed: readonly string[]): string[][] {
  const byKey = new Map(resources.map((resource) => [resource.key, resource]));
  const parts = new Map<string, string[]>();
  for (const { key, parent } of resources) {
    if (parent !== undefined) parts.set(parent, [...(parts.get(parent) ?? []), key]);
  }
  const isChanged = new Set(changed);
  const begins = new Map<string, number>();
  const ends = new Map<string, number>();
  /** Number of waves that are over when `compute` may begin. A cycle, which the engine would refuse, counts as nothing. */
  const remembered = (known: Map<string, number>, key: string, compute: () => number): number => {
    const value = known.get(key);
    if (value !== undefined) return value;
    known.set(key, 0);
    const computed = compute();
    known.set(key, computed);
    return computed;
  };
  const begin = (key: string): number =>
    remembered(begins, key, () => {
      const resource = byKey.get(key);
      if (resource === undefined) return 0;
      const parent = resource.parent === undefined ? undefined : byKey.get(resource.parent);
      // Of a component its beginning: its end is made of this.
      const above = parent === undefined ? 0 : parent.custom ? end(parent.key) : begin(parent.key);
      return Math.max(above, ...resource.dependsOn.map(end));
    });
  const end = (key: string): number =>
    remembered(ends, key, () => {
      const resource = byKey.get(key);
      if (resource === undefined) return 0;
      if (resource.custom) return begin(key) + (isChanged.has(key) ? 1 : 0);
      return Math.max(begin(key), ...(parts.get(key) ?? []).map(end));
    });
  const waves = new Map<number, string[]>();
  for (const { key } of [...byKey.values()].filter((resource) => resource.custom && isChanged.has(resource.key))) {
    waves.set(begin(key), [...(waves.get(begin(key)) ?? []), key]);
  }
  return [...waves].sort(([a], [b]) => a - b).map(([, wave]) => wave);
}
