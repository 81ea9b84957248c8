import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig } from "./config.ts";
import { endpointOf, placeOfEndpoint, publicEndpointOf } from "./endpoint.ts";
import type { HostReading } from "./facts.ts";
import { withRole, type Host } from "./inventory.ts";
import type { PreviousRun } from "./previousrun.ts";
import type { VrrpInstance, Ways } from "./wayshape.ts";

/** How many ways are remembered: one, and some for changes that were given up half way. */
const longest = 4;

/** Names of the API's instances begin with it; that of service ports has another one. */
export const apiInstance = "kube_apiserver";

/** The instances that load balancers have for the API: of its virtual IP, and of those that they still hold from before. */
export function apiInstances(readings: ReadonlyMap<string, HostReading>): VrrpInstance[] {
  return [...readings.values()].flatMap((reading) =>
    "facts" in reading ? reading.facts.vrrp.filter(({ name }) => name.startsWith(apiInstance)) : [],
  );
}

function once<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** What is known of the way of a run whose release did not remember any: the output `endpoint`, which may have the VIP's name. */
function lastWay(previous: Pick<PreviousRun, "endpoint" | "ways"> | undefined): Partial<Ways> {
  if (previous?.ways !== undefined) return previous.ways;
  return previous?.endpoint === undefined ? {} : { hosts: previous.endpoint };
}

/**
 * The ways of a run: the present one by its configuration, and those before it by the run before and by what load balancers hold.
 *
 * Without a change of the endpoint it is what the run before had, so that nothing of it is a difference.
 *
 * @param instances see {@link apiInstances}.
 */
export function waysOf(
  hosts: readonly Host[],
  config: ClusterConfig,
  previous: Pick<PreviousRun, "endpoint" | "ways"> | undefined,
  instances: readonly VrrpInstance[],
): Ways {
  const now = endpointOf(hosts, config);
  const last = lastWay(previous);
  const held = instances.map(({ address }) => address);
  // What a host of the inventory answers at, or serves at itself, needs nobody's memory.
  const others = new Set([...hosts.map(({ address }) => address), config.vip, config.serviceVip]);
  const present = new Set([now, publicEndpointOf(hosts, config)]);
  const urls = [
    ...(last.hosts === undefined ? [] : [last.hosts]),
    ...(last.former ?? []),
    ...held.map((address) => endpointOf(hosts, { vip: address })),
  ];
  const vips = [...(last.vip === undefined ? [] : [last.vip]), ...(last.formerVips ?? []), ...held];
  const { vip } = config;
  return {
    hosts: now,
    ...(vip === undefined ? {} : { vip }),
    former: once(urls)
      .filter((url) => !present.has(url) && !others.has(placeOfEndpoint(url).host))
      .slice(0, longest),
    formerVips: once(vips)
      .filter((address) => !others.has(address))
      .slice(0, longest),
  };
}

/**
 * The ways of a stack. Undefined for a pool, which goes by its cluster's; and without a control-plane host there is none, which is found
 * elsewhere.
 *
 * @param controlPlane of the cluster that a pool belongs to; undefined for a cluster's own stack.
 */
export function ownWays(
  controlPlane: readonly Host[] | undefined,
  ...[hosts, ...rest]: Parameters<typeof waysOf>
): Ways | undefined {
  if (controlPlane !== undefined || withRole(hosts, "control-plane").length === 0) return undefined;
  return waysOf(hosts, ...rest);
}

/** Whether hosts go another way than in the run before. */
export function changesWay({ hosts }: Ways, previous: Pick<PreviousRun, "endpoint" | "ways"> | undefined): boolean {
  const before = lastWay(previous).hosts;
  return before !== undefined && before !== hosts;
}

/** Names and addresses of former ways, for certificates. */
export function formerNames({ former }: Pick<Ways, "former">): string[] {
  return once(former.map((url) => placeOfEndpoint(url).host));
}

/**
 * The instance by which load balancers hold the present virtual IP. It is the one that they have for that address; a new address gets
 * one that no other has, because both are held side by side for a time, and VRRP tells them apart by the router id.
 *
 * @param instances see {@link apiInstances}.
 * @returns the instance `kube_apiserver` with `plinth:virtualRouterId` where nothing speaks against it; else one of the next ids.
 */
export function instanceOf(
  config: Pick<ClusterConfig, "vip" | "virtualRouterId" | "serviceRouterId">,
  instances: readonly VrrpInstance[],
): Omit<VrrpInstance, "address"> {
  const { vip, virtualRouterId, serviceRouterId } = config;
  const mine = instances.filter(({ address }) => address === vip);
  const others = instances.filter(({ address }) => address !== vip);
  const candidates = candidatesOf(virtualRouterId, serviceRouterId, others.length + longest);
  const isFree = ({ name, routerId }: Omit<VrrpInstance, "address">): boolean =>
    !others.some((other) => other.name === name || other.routerId === routerId);
  const known = candidates.find((candidate) =>
    mine.some(({ name, routerId }) => name === candidate.name && routerId === candidate.routerId),
  );
  const chosen = known ?? candidates.find(isFree);
  if (chosen === undefined) throw new Error("no VRRP router id is left for plinth:vip");
  return chosen;
}

/** Names and router ids that may be taken, the configured one first. */
function candidatesOf(first: number, taken: number, count: number): Omit<VrrpInstance, "address">[] {
  const next = Array.from({ length: 254 }, (_, offset) => ((first + offset) % 255) + 1).filter((id) => id !== taken);
  return [first, ...next].slice(0, count).map((routerId, index) => ({
    name: index === 0 ? apiInstance : `${apiInstance}_${index + 1}`,
    routerId,
  }));
}

/** The hosts whose load balancer is not wanted any more and is there: it goes when the last Node goes another way. */
export function formerBalancers(
  hosts: readonly Host[],
  config: Pick<ClusterConfig, "vip" | "keepFormerEndpoints">,
  readings: ReadonlyMap<string, HostReading>,
): Set<string> {
  if (config.keepFormerEndpoints) return new Set();
  const wanted = config.vip === undefined ? [] : withRole(hosts, "load-balancer");
  const names = hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    const carries = reading !== undefined && "facts" in reading && reading.facts.bundles["loadbalancer"] !== undefined;
    return carries && !wanted.includes(host) ? [host.name] : [];
  });
  return new Set(names);
}

/** What a run says that changes the endpoint. */
export function changedWayWarning(
  { hosts, vip, formerVips }: Ways,
  { keepFormerEndpoints }: Pick<ClusterConfig, "keepFormerEndpoints">,
): string {
  const held =
    formerVips.length === 0 ? "" : ` ${formerVips.join(", ")} ${formerVips.length === 1 ? "is" : "are"} held until `;
  const until = keepFormerEndpoints ? "plinth:keepFormerEndpoints is false again" : "the last Node has changed";
  const way = vip === undefined ? "Each Node looks whether it answers before it changes." : "";
  const sentences = [
    `the endpoint of the API changes to ${hosts}: Nodes change in their usual order.`,
    way,
    held === "" ? "" : `${held.trim()} ${until}.`,
    "Kubeconfigs that people have name the endpoint of before: give them new ones.",
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

/**
 * Whether the state has to be told of the ways before a host is touched: a run that is killed must not forget by what Nodes go. Without
 * former ways there is nothing to forget.
 */
export function forgetsWays(previous: Pick<PreviousRun, "ways"> | undefined, ways: Ways | undefined): boolean {
  return ways !== undefined && ways.former.length > 0 && !isDeepStrictEqual(previous?.ways, ways);
}
