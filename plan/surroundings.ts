import type { ClusterConfig } from "./config.ts";
import type { Family } from "./distributions.ts";
import type { HostFacts, HostReading } from "./facts.ts";
import { withRole, type Host } from "./inventory.ts";
import { defaultMtu, largestMtu, smallestMtu } from "./mtu.ts";

/** What a host has found around itself that its bundles follow. */
export interface Surroundings {
  /** The resolv.conf for pods with `dnsPolicy: Default`, where it is not /etc/resolv.conf. */
  resolvConf?: string;
  /** MTU of the link that carries the host's address, bytes. */
  ownMtu: number;
  /** The MTU that all Nodes go by, bytes. */
  linkMtu: number;
  /** The family of its distribution, where that is known and not Debian's. */
  family?: Exclude<Family, "debian">;
  /** Whether SELinux has a policy here that we bring what it needs for, enforced or not. */
  selinux?: true;
}

/** Where the kubelet looks by itself. */
export const defaultResolvConf = "/etc/resolv.conf";
/** The name servers that systemd-resolved asks, where /etc/resolv.conf has nothing but itself (systemd-resolved.service(8)). */
const resolvedConf = "/run/systemd/resolve/resolv.conf";

/** What is so where nothing else is known: one name server that everybody can ask, and Ethernet. */
export const plainSurroundings: Surroundings = { ownMtu: defaultMtu, linkMtu: defaultMtu };

/**
 * The resolv.conf for pods.
 *
 * @returns undefined where it is the default, for good or for bad.
 */
export function resolvConfOf({ resolvers }: Pick<HostFacts, "resolvers">): string | undefined {
  const own = resolvers[defaultResolvConf];
  return own !== "others" && resolvers[resolvedConf] === "others" ? resolvedConf : undefined;
}

/** The MTU of the link that carries a host's address; undefined where the host does not tell. */
export function mtuOf(
  host: Pick<Host, "address">,
  facts: Pick<HostFacts, "addresses" | "linkMtus">,
): number | undefined {
  const mtu = facts.linkMtus[facts.addresses[host.address] ?? ""];
  return mtu === undefined || mtu < smallestMtu || mtu > largestMtu ? undefined : mtu;
}

/**
 * The MTU that all Nodes go by, bytes: the setting, or the lowest of the hosts that make the control plane. Workers have none
 * to say: one of them must not slow down all others. Where theirs is another one, that is a finding.
 *
 * @param hosts with those of the control plane, also where it is another stack's.
 */
export function linkMtuOf(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  { mtu }: Pick<ClusterConfig, "mtu">,
): number {
  if (mtu !== undefined) return mtu;
  const told = withRole(hosts, "control-plane").flatMap((host) => {
    const reading = readings.get(host.name);
    return (reading !== undefined && "facts" in reading ? mtuOf(host, reading.facts) : undefined) ?? [];
  });
  return told.length === 0 ? defaultMtu : Math.min(...told);
}

/** Whether a distribution has a package with SELinux' policy for containers. */
export function hasContainerPolicy(family: Family | undefined): boolean {
  return family === "rhel" || family === "suse";
}

/** What a host's bundles follow. */
export function surroundingsOf(host: Host, facts: HostFacts | undefined, linkMtu: number): Surroundings {
  if (facts === undefined) return { ...plainSurroundings, linkMtu };
  const resolvConf = resolvConfOf(facts);
  const { family } = facts;
  return {
    ...(family === undefined || family === "debian" ? {} : { family }),
    ...(facts.selinux !== undefined && hasContainerPolicy(family) ? { selinux: true } : {}),
    ...(resolvConf === undefined ? {} : { resolvConf }),
    ownMtu: mtuOf(host, facts) ?? defaultMtu,
    linkMtu,
  };
}
