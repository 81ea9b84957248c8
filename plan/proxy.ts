import { addressOfUrl } from "./addresses.ts";
import type { ClusterConfig } from "./config.ts";

/** Whether there is a proxy at all. */
export function hasProxy({ proxy }: Pick<ClusterConfig, "proxy">): boolean {
  return proxy.http !== undefined || proxy.https !== undefined;
}

/** Whether a proxy asks for a login, which is nobody else's business. */
export function proxyHasLogin({ proxy }: Pick<ClusterConfig, "proxy">): boolean {
  return [proxy.http, proxy.https].some((url) => url?.includes("@") === true);
}

/**
 * Who is asked directly: this machine, the networks and names of the cluster, the artifact server, and what the configuration adds.
 * Of the hosts it names the subnet and none by itself, so that a host more changes no other.
 */
export function noProxyOf(config: ClusterConfig): string[] {
  const { vip, vipName, serviceVip, externalEndpoint } = config;
  const artifacts = addressOfUrl(config.artifactsUrl) ?? new URL(config.artifactsUrl).hostname;
  const ofCluster = [
    ...[config.nodeSubnet, config.podCidr, config.serviceCidr],
    ...[vip, serviceVip, vipName, externalEndpoint?.host].filter((place) => place !== undefined),
    ...[".svc", `.${config.clusterDomain}`],
  ];
  const known = ["localhost", "127.0.0.0/8", ...(config.machinesOnly === true ? [] : ofCluster), artifacts];
  return [...new Set([...known, ...config.proxy.noProxy])];
}

/** The proxies as a file of `NAME=value` lines, for systemd and for the host script (scripts/lib/packages.sh). */
export function renderProxies(config: ClusterConfig): string {
  const { http, https } = config.proxy;
  const lines = { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: noProxyOf(config).join(",") };
  return Object.entries(lines)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\n`]))
    .join("");
}
