import { z } from "zod";
import { addressOfUrl } from "./addresses.ts";
import type { ClusterConfig } from "./config.ts";

/** Characters that neither shells, units nor environment files take for anything else. */
const proxyUrl = z
  .string()
  .regex(
    /^https?:\/\/([\w.~%+=-]+(:[\w.~%+=-]*)?@)?[A-Za-z0-9.-]+(:[1-9]\d{0,4})?\/?$/,
    "must be the URL of a proxy such as http://proxy.example.net:3128, with other characters of a login written as %XX",
  )
  .refine((text) => URL.canParse(text), "must be a URL such as http://proxy.example.net:3128");

const exemption = z
  .string()
  .regex(
    /^(\*?\.)?[A-Za-z0-9][\w.-]*(:\d+|\/\d{1,2})?$/,
    "must be a name, a domain such as .example.net, an address or a network such as 10.0.0.0/8",
  );

/** Proxies by which containerd pulls images and packages are installed. A login in a URL is a secret. */
export const proxySchema = z
  .strictObject({
    /** For addresses by http. */
    http: proxyUrl.optional(),
    /** For addresses by https. */
    https: proxyUrl.optional(),
    /** Who is asked directly, besides what belongs to the cluster. */
    noProxy: z.array(exemption).default([]),
  })
  .refine(
    ({ http, https, noProxy }) => noProxy.length === 0 || http !== undefined || https !== undefined,
    "has a noProxy and no proxy: set http, https or both",
  );

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
  const known = [
    ...["localhost", "127.0.0.0/8", config.nodeSubnet, config.podCidr, config.serviceCidr],
    ...[vip, serviceVip, vipName, externalEndpoint?.host].filter((place) => place !== undefined),
    ...[".svc", `.${config.clusterDomain}`, artifacts],
  ];
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
