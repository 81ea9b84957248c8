import type { ClusterConfig } from "./config.ts";
import { withRole, type Host } from "./inventory.ts";
import { ports } from "./ports.ts";

/** The address under which clients reach the API: the VIP, an external load balancer, or the only control-plane host. */
export function endpointOf(hosts: readonly Host[], config: ClusterConfig): string {
  const address = config.vip ?? config.externalEndpoint ?? withRole(hosts, "control-plane")[0]?.address;
  if (address === undefined) throw new Error("a cluster needs a control-plane host");
  return `https://${address}:${ports.apiserver}`;
}
