import { bundlesOf, type BundleEntry } from "../bringup.ts";
import type { Bundle, BundleBinary, BundleDownload, LeafSpec } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { compose, refuseConflicts, socketsOf } from "./compose.ts";
import type { Placement } from "./part.ts";

/** The desired state of a host for one of its roles. */
export function planBundle({ name, parts }: BundleEntry, placement: Placement): Bundle {
  return compose(name, parts, placement);
}

/**
 * Everything that a host gets, in its order.
 *
 * @throws Error when two bundles own the same.
 */
export function planHost(placement: Placement): Bundle[] {
  const { host, config } = placement;
  const planned = bundlesOf(host, config).map((entry) => ({ entry, bundle: planBundle(entry, placement) }));
  refuseConflicts(
    host.name,
    planned.map(({ entry, bundle }) => ({ ...bundle, sockets: socketsOf(entry.parts, host, config) })),
  );
  return planned.map(({ bundle }) => bundle);
}

/** Everything that every host gets. */
export function planCluster(hosts: readonly Host[], config: ClusterConfig): { host: Host; bundle: Bundle }[] {
  return hosts.flatMap((host) => planHost({ host, hosts, config }).map((bundle) => ({ host, bundle })));
}

/** The leaf certificates of a host: those that its bundles have files of. */
export function leavesOf(placement: Placement): LeafSpec[] {
  const leaves = planHost(placement).flatMap(({ secrets }) =>
    secrets.flatMap(({ source }) => (source.kind === "leaf" ? [source.leaf] : [])),
  );
  return [...new Map(leaves.map((leaf) => [leaf.name, leaf])).values()];
}

/** What hosts fetch from the artifact server, each once. */
export interface HostArtifacts {
  binaries: Pick<BundleBinary, "name" | "version">[];
  downloads: BundleDownload["source"][];
}

export function artifactsOf(hosts: readonly Host[], config: ClusterConfig): HostArtifacts {
  const planned = planCluster(hosts, config).map(({ bundle }) => bundle);
  const binaries = planned.flatMap((bundle) => bundle.binaries);
  return {
    binaries: [...new Map(binaries.map(({ name, version }) => [`${name} ${version}`, { name, version }])).values()],
    downloads: [...new Set(planned.flatMap(({ downloads }) => (downloads ?? []).map(({ source }) => source)))],
  };
}
