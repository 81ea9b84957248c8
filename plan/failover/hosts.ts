import { bundles } from "../bringup.ts";
import { placeOfEndpoint } from "../endpoint.ts";
import { defragmentationObstacles, type MemberLook } from "../etcdcare/defragment.ts";
import type { BundleReport } from "../hostreport.ts";
import type { Host } from "../inventory.ts";

/**
 * Seconds for which a drill takes services away. A stop alone takes ten. Behind a load balancer of one's own the host's kubelet goes by its
 * own API server: its Node is not ready after some 50 s, and its pods would be evicted 300 s after that.
 */
export const drillSeconds = { default: 60, least: 20, most: 240 } as const;

/** Members that a quorum needs while one of them is away. */
const fewestMembers = 3;

/** A host with the role etcd or control-plane, by one look at it. */
export interface FailoverHost {
  name: string;
  /** Why the host could not be looked at. */
  error?: string;
  /** It has an address of the API's virtual IP. */
  holdsVip: boolean;
  /** Undefined without the role etcd. */
  member?: MemberLook;
  /** Of its API server: `ok`, or why it is not ready. Undefined without the role control-plane. */
  apiserver?: string;
  /** Whether its Node is ready; a sentence where that is not known. */
  node: boolean | string;
  /** Until when a drill has services away there, seconds since the epoch. */
  failoverUntil?: number;
  /** What a drill stops there, see {@link failoverUnits}: unit → systemd's ActiveState. */
  units: ReadonlyMap<string, string>;
}

/** What is told of a host that a drill has services of away. Seconds since the epoch. */
export function drillSentence(until: number, at: number): string {
  const when = `${new Date(until * 1000).toISOString().slice(0, 19)}Z`;
  return until > at
    ? `a failover drill has its services away until ${when}; they start again by themselves`
    : `a failover drill was to start its services again at ${when}: journalctl -u plinth-failover there tells why it did not; ./plinth up starts them`;
}

const takenBundles = bundles.filter(({ stage }) => stage === "control-plane").map(({ name }) => name);

/**
 * The units that a drill stops on a host, in the order in which they start, with their states: what the cluster gets from a control-plane
 * host. Other bundles' units, kubelet and containerd above all, stay.
 *
 * @param reports what the host says of its bundles.
 */
export function failoverUnits(reports: readonly Pick<BundleReport, "bundle" | "units">[]): Map<string, string> {
  return new Map(
    takenBundles.flatMap((name) =>
      reports.filter(({ bundle }) => bundle === name).flatMap(({ units }) => Object.entries(units)),
    ),
  );
}

/** A host, and why it is that one; a clause. */
export interface FailoverChoice {
  host: string;
  why: string;
}

/**
 * Chooses the host whose services are taken away: the named one; else the holder of the virtual IP, else etcd's leader, else the first.
 *
 * @param hosts with the role control-plane among others, in the order of the inventory.
 * @returns undefined when the named one is no control-plane host, or there is none.
 */
export function chooseHost(hosts: readonly FailoverHost[], named: string | undefined): FailoverChoice | undefined {
  const possible = hosts.filter(({ apiserver }) => apiserver !== undefined);
  const chosen = (host: FailoverHost | undefined, why: string): FailoverChoice | undefined =>
    host === undefined ? undefined : { host: host.name, why };
  if (named !== undefined)
    return chosen(
      possible.find(({ name }) => name === named),
      "it was named",
    );
  return (
    chosen(
      possible.find(({ holdsVip }) => holdsVip),
      "it has the virtual IP",
    ) ??
    chosen(
      possible.find(({ member }) => member?.self !== undefined && member.self.leader === member.id),
      "its member leads etcd",
    ) ??
    chosen(possible[0], "it is the first")
  );
}

/** What is not well with the members of etcd, as sentences. */
function memberProblems(hosts: readonly FailoverHost[]): string[] {
  const members = hosts.flatMap(({ member }) => (member === undefined ? [] : [member]));
  const isFull = members.some(({ self }) => self?.alarms.includes("NOSPACE") ?? false);
  return [
    ...defragmentationObstacles(members),
    ...(isFull ? ["etcd has the alarm NOSPACE: run ./plinth etcd repair"] : []),
  ];
}

/** What is not well with one control-plane host, and with etcd, as sentences; none: all of it is. */
export function notWell(hosts: readonly FailoverHost[], name: string): string[] {
  const host = hosts.find((one) => one.name === name);
  if (host === undefined) return [`${name} was not looked at`];
  return [
    ...hosts.flatMap((one) => (one.error === undefined ? [] : [`${one.name} cannot be looked at: ${one.error}`])),
    ...memberProblems(hosts),
    ...(host.apiserver === "ok" ? [] : [`the API server of ${name} is not ready: ${host.apiserver ?? "it has none"}`]),
    ...(host.node === true ? [] : [`the Node of ${name} is ${host.node === false ? "not ready" : host.node}`]),
    ...[...host.units].flatMap(([unit, state]) => (state === "active" ? [] : [`on ${name}, ${unit} is ${state}`])),
  ];
}

/** Where clients go. */
interface Way {
  /** URL by which clients reach the API. */
  endpoint: string;
  inventory: readonly Pick<Host, "name" | "address">[];
}

/**
 * Why the services of a host must not be taken away, as sentences; none: they may.
 *
 * @param at seconds since the epoch.
 */
export function failoverObstacles(
  hosts: readonly FailoverHost[],
  name: string,
  { endpoint, inventory }: Way,
  at: number,
): string[] {
  const others = hosts.filter((one) => one.apiserver !== undefined && one.name !== name);
  if (others.length === 0) return [`${name} is the only control-plane host: nobody takes over from it`];
  const members = hosts.filter(({ member }) => member !== undefined).length;
  const own = inventory.find((one) => one.name === name)?.address;
  return [
    ...(members < fewestMembers
      ? [
          `etcd has ${members} member${members === 1 ? "" : "s"}: the others have a quorum without one only where there are ${fewestMembers} at least`,
        ]
      : []),
    ...hosts.flatMap(({ name: where, failoverUntil }) =>
      failoverUntil === undefined
        ? []
        : [
            `a failover drill is under way on ${where}${failoverUntil > at ? `, for ${Math.ceil(failoverUntil - at)} s more` : ""}`,
          ],
    ),
    ...notWell(hosts, name),
    ...(others.some(({ apiserver }) => apiserver === "ok")
      ? []
      : [
          `no API server of another host is ready (${others.map((one) => `${one.name}: ${one.apiserver ?? ""}`).join("; ")})`,
        ]),
    ...(placeOfEndpoint(endpoint).host === own
      ? [`clients reach the API by ${endpoint}, which is ${name} itself: nobody takes that address over`]
      : []),
  ];
}
