import { Depths, type Ordered } from "../../plan/runs/order.ts";

/**
 * The order in which the changed resources are changed: wave by wave, each as early as what it waits for allows.
 *
 * @param resources in the order in which the program declares them.
 * @returns the changed keys in that order, by wave; keys that the program has not declared are left out.
 */
export function wavesOf(resources: readonly Ordered[], changed: readonly string[]): string[][] {
  const isChanged = new Set(changed);
  const depths = new Depths(resources, (key) => isChanged.has(key));
  const waves = new Map<number, string[]>();
  const unique = new Map(resources.map((resource) => [resource.key, resource]));
  for (const { key } of [...unique.values()].filter((resource) => resource.custom && isChanged.has(resource.key))) {
    const wave = waves.get(depths.begin(key));
    if (wave === undefined) waves.set(depths.begin(key), [key]);
    else wave.push(key);
  }
  return [...waves].sort(([a], [b]) => a - b).map(([, wave]) => wave);
}
