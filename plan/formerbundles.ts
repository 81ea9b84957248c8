import { bundles } from "./bringup.ts";
import type { HostReading } from "./facts.ts";
import type { Former } from "./former.ts";
import { isMachine, type Host } from "./inventory.ts";

/**
 * Bundles of Nodes that machines besides the cluster carry, because they were workers before: they are applied with nothing in them, which
 * stops and removes what they have brought. A host keeps the empty bundles, so that a second run finds the same.
 */
export function formerBundles(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Former {
  const ofNodes = bundles.filter(({ stage }) => stage === "node").map(({ name }) => name);
  const former = hosts.filter(isMachine).flatMap(({ name }): [string, string[]][] => {
    const reading = readings.get(name);
    if (reading === undefined || !("facts" in reading)) return [];
    const { facts } = reading;
    const carried = ofNodes.filter((bundle) => facts.bundles[bundle] !== undefined);
    return carried.length === 0 ? [] : [[name, carried]];
  });
  return former.length === 0 ? {} : { formerBundles: Object.fromEntries(former) };
}
