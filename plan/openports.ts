import { isIPv4 } from "node:net";
import { bundlesOf } from "./bringup.ts";
import { socketsOf } from "./bundles/compose.ts";
import type { ClusterConfig } from "./config.ts";
import type { Host } from "./inventory.ts";

const isLoopback = (address: string): boolean => (isIPv4(address) ? address.startsWith("127.") : address === "::1");

/** Ports by which others reach services of ours on a host, `NUMBER/PROTOCOL`, sorted by number. */
export function portsForOthers(host: Host, config: ClusterConfig): string[] {
  const sockets = bundlesOf(host, config).flatMap(({ parts }) => socketsOf(parts, host, config));
  const reached = sockets.filter(({ address }) => !isLoopback(address));
  return [...new Set(reached.toSorted((a, b) => a.port - b.port).map(({ port, protocol }) => `${port}/${protocol}`))];
}

/** Whether a host holds virtual IPs in turn with others, who tell each other so by VRRP. */
export const runsKeepalived = (host: Pick<Host, "roles">, { vip }: Pick<ClusterConfig, "vip">): boolean =>
  vip !== undefined && host.roles.includes("load-balancer");
