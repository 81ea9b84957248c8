import type { HostInput } from "../../plan/inventory.ts";
import { poolMaterial } from "../../plan/pool.ts";
import type { PoolMaterial } from "../../plan/poolmaterial.ts";
import { configOf, hostsOf } from "./cluster.ts";

/** Raw configuration of a worker pool. */
export const rawPool = { clusterStack: "organization/plinth/demo", artifactsUrl: "http://192.0.2.5:8410" };

export const poolHosts: HostInput[] = [1, 2].map((n) => ({
  name: `w${n}`,
  address: `192.0.2.3${n}`,
  roles: ["worker"],
  hostKey: `ssh-ed25519 KEY-w${n}`,
}));

/** What the cluster of `rawConfig` and `threeHosts` hands to its pools. */
export function materialOf(extra: Partial<PoolMaterial> = {}): PoolMaterial {
  const reach = (host: { name: string }) => ({ port: 22, user: "root", hostKey: `ssh-ed25519 KEY-${host.name}` });
  return {
    ...poolMaterial(hostsOf(), configOf(), "https://192.0.2.10:6443", reach),
    clusterId: "0123456789abcdef",
    incarnation: 0,
    authority: "cluster certificate",
    ...extra,
  };
}
