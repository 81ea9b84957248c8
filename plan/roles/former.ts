import type { ClusterConfig } from "../config.ts";
import type { HostReading } from "../facts.ts";
import type { Host } from "../inventory.ts";
import { rolesOf } from "./part.ts";
import { roleOfBundle } from "./shape.ts";

/** Of a host, as many as are taken back in one run: none has that many, and one that says so must not make the run long. */
export const mostFormerRoles = 100;

/**
 * Roles that hosts carry and are not to have any more, by host: their bundles are applied with nothing in them, which takes back what they
 * have brought. A host keeps the empty bundle, so that a second run finds the same.
 */
export function formerRoles(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
): Pick<ClusterConfig, "formerRoles"> {
  const former = hosts.flatMap((host): [string, string[]][] => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading)) return [];
    const wanted = new Set(rolesOf(host, config).map(({ name }) => name));
    const names = Object.keys(reading.facts.bundles).flatMap((bundle) => roleOfBundle(bundle) ?? []);
    const gone = names
      .filter((name) => !wanted.has(name))
      .sort()
      .slice(0, mostFormerRoles);
    return gone.length === 0 ? [] : [[host.name, gone]];
  });
  return former.length === 0 ? {} : { formerRoles: Object.fromEntries(former) };
}
