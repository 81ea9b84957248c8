import * as pulumi from "@pulumi/pulumi";

/** What this project needs of the cluster's outputs; docs/outputs.md has all of them. */
export interface ClusterForTenant {
  /** The tenant's kubeconfig. A secret. */
  kubeconfig: pulumi.Output<string>;
  /** The tenant's first namespace. */
  namespace: pulumi.Output<string>;
  clusterId: pulumi.Output<string>;
  /** Address of a worker. */
  worker: pulumi.Output<string>;
}

type Hosts = Record<string, { address: string; roles: string[] }>;

/**
 * Reads the outputs of a cluster's stack.
 *
 * @param stack fully qualified name of the stack.
 * @throws Error (in the outputs) that names the tenants there are, when there is none of this name.
 */
export function readCluster(stack: string, tenant: string): ClusterForTenant {
  const reference = new pulumi.StackReference(stack);
  const read = <T>(name: string) => reference.requireOutput(name) as pulumi.Output<T>;
  return {
    kubeconfig: read<Record<string, string>>("tenantKubeconfigs").apply((all) => ofTenant(all, tenant, stack)),
    namespace: read<Record<string, { namespaces: string[] }>>("tenants").apply(
      (all) => ofTenant(all, tenant, stack).namespaces[0] ?? tenant,
    ),
    clusterId: read<string>("clusterId"),
    worker: read<Hosts>("hosts").apply(workerOf),
  };
}

function ofTenant<T>(all: Record<string, T>, tenant: string, stack: string): T {
  const own = all[tenant];
  if (own !== undefined) return own;
  throw new Error(`the stack ${stack} has no tenant ${tenant}; it has: ${Object.keys(all).join(", ") || "none"}`);
}

function workerOf(hosts: Hosts): string {
  const worker = Object.values(hosts).find(({ roles }) => roles.includes("worker"));
  if (worker === undefined) throw new Error("the cluster has no worker");
  return worker.address;
}
