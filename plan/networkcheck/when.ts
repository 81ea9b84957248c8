import { bundles } from "../bringup.ts";

/** Something that a run has done. */
export interface ChangedResource {
  /** Types of the resource and of what it is part of, from the outermost to its own. */
  types: readonly string[];
}

/** The cluster's DNS. */
const dnsType = "plinth:addons:CoreDns";

const carrying = new Set([
  ...bundles.filter(({ carriesTraffic }) => carriesTraffic === true).map(({ type }) => type),
  dnsType,
]);

/**
 * Whether a run may have broken the data path: it has changed a bundle that packets go through, so that of a new host as well, or the
 * cluster's DNS.
 */
export function mayBreakNetwork(changed: readonly ChangedResource[]): boolean {
  return changed.some(({ types }) => types.some((type) => carrying.has(type)));
}
