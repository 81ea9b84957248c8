import { nthAddress, parseNetwork } from "./addresses.ts";
import type { ClusterConfig } from "./config.ts";
import { withRole, type Host } from "./inventory.ts";
import { ports } from "./ports.ts";
import type { ServerPlace } from "./texts.ts";

/** Where the API is reached. */
type Way = Pick<ClusterConfig, "vip" | "vipName" | "externalEndpoint">;

function urlOf({ host, port }: ServerPlace): string {
  return `https://${host}:${port ?? ports.apiserver}`;
}

/**
 * The URL under which hosts of the cluster reach the API: the VIP, an external load balancer, or the only control-plane host.
 * They need no DNS for the VIP.
 */
export function endpointOf(hosts: readonly Host[], config: Way): string {
  const [first] = withRole(hosts, "control-plane");
  const own = config.vip ?? first?.address;
  const place = config.vip === undefined ? config.externalEndpoint : undefined;
  if (place !== undefined) return urlOf(place);
  if (own === undefined) throw new Error("a cluster needs a control-plane host");
  return urlOf({ host: own });
}

/**
 * The URL under which one host of the cluster reaches the API. Behind a load balancer of somebody else's, a control-plane host goes to its
 * own API server: such a balancer need not take connections that lead back to where they come from. A VIP does.
 */
export function endpointFor(host: Host, hosts: readonly Host[], config: Way): string {
  const isBehind = config.vip === undefined && config.externalEndpoint !== undefined;
  return isBehind && host.roles.includes("control-plane") ? urlOf({ host: host.address }) : endpointOf(hosts, config);
}

/** The URLs of the API servers on other hosts than this one. */
export function endpointsBeside(host: Pick<Host, "name">, hosts: readonly Host[]): string[] {
  return withRole(hosts, "control-plane")
    .filter(({ name }) => name !== host.name)
    .map(({ address }) => urlOf({ host: address }));
}

/** The URL under which people and other stacks reach it: by the VIP's name, where it has one. */
export function publicEndpointOf(hosts: readonly Host[], config: Way): string {
  return config.vipName === undefined ? endpointOf(hosts, config) : urlOf({ host: config.vipName });
}

/** The place in such a URL, its port written out. */
export function placeOfEndpoint(url: string): Required<ServerPlace> {
  const { hostname, port } = new URL(url);
  // A URL leaves out the port that its scheme has anyway.
  return { host: hostname, port: port === "" ? 443 : Number(port) };
}

/** The same as `externalEndpoint` is written. */
export function endpointText(url: string): string {
  const { host, port } = placeOfEndpoint(url);
  return `${host}:${port}`;
}

/** The service address of the API server: the first of the service network. */
export function apiserverServiceAddress(config: ClusterConfig): string {
  const services = parseNetwork(config.serviceCidr);
  if (services === undefined) throw new Error(`plinth:serviceCidr ${config.serviceCidr} is not a network`);
  return nthAddress(services, 1);
}
