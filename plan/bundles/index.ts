import type { Bundle } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { bundlesOf, type BundleName } from "../waves.ts";
import { baselineBundle } from "./baseline.ts";
import { controlPlaneBundle } from "./controlplane.ts";
import { etcdBundle } from "./etcd.ts";
import { loadBalancerBundle } from "./loadbalancer.ts";
import { nodeBundle } from "./node.ts";
import { runtimeBundle } from "./runtime.ts";

const plans: Record<BundleName, (host: Host, hosts: readonly Host[], config: ClusterConfig) => Bundle> = {
  baseline: baselineBundle,
  etcd: etcdBundle,
  controlplane: controlPlaneBundle,
  loadbalancer: loadBalancerBundle,
  runtime: runtimeBundle,
  node: nodeBundle,
};

/** The desired state of a host for one of its roles. */
export function planBundle(name: BundleName, host: Host, hosts: readonly Host[], config: ClusterConfig): Bundle {
  return plans[name](host, hosts, config);
}

/** Everything that every host gets. */
export function planCluster(hosts: readonly Host[], config: ClusterConfig): { host: Host; bundle: Bundle }[] {
  return hosts.flatMap((host) =>
    bundlesOf(host, config.vip !== undefined).map((name) => ({ host, bundle: planBundle(name, host, hosts, config) })),
  );
}
