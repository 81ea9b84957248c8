import { bundles } from "./bringup.ts";
import type { ClusterConfig } from "./config.ts";
import type { HostReading } from "./facts.ts";
import type { Former } from "./former.ts";
import { isMachine, type Host } from "./inventory.ts";
import { tellsMetrics } from "./metrics/endpoints.ts";

/**
 * Bundles that hosts carry and are not to have any more: those of Nodes on machines besides the cluster, which were workers before, and that
 * of figures where nobody is told any. They are applied with nothing in them, which stops and removes what they have brought. A host keeps
 * the empty bundles, so that a second run finds the same.
 */
export function formerBundles(
  hosts: readonly Host[],
  config: Pick<ClusterConfig, "metrics">,
  readings: ReadonlyMap<string, HostReading>,
): Former {
  const ofNodes = bundles.filter(({ stage }) => stage === "node").map(({ name }) => name);
  const former = hosts.flatMap((host): [string, string[]][] => {
    const { name } = host;
    const reading = readings.get(name);
    if (reading === undefined || !("facts" in reading)) return [];
    const { facts } = reading;
    const unwanted = isMachine(host) ? ofNodes : tellsMetrics(host, config) ? [] : ["metrics"];
    const carried = unwanted.filter((bundle) => facts.bundles[bundle] !== undefined);
    return carried.length === 0 ? [] : [[name, carried]];
  });
  return former.length === 0 ? {} : { formerBundles: Object.fromEntries(former) };
}
