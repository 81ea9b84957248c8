import { bringUp, bundles } from "../../plan/bringup.ts";
import type { Bundle } from "../../plan/bundle.ts";
import { planBundle } from "../../plan/bundles/index.ts";
import type { Placement } from "../../plan/bundles/part.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import { parseConfig } from "../../plan/config.ts";
import type { HostFacts, HostReading } from "../../plan/facts.ts";
import type { MemberStatus } from "../../plan/members.ts";
import { parseInventory, type Host, type HostInput } from "../../plan/inventory.ts";

/** A host that says what it does in the cluster, be it nothing. */
export type RankedInput = HostInput & { roles: NonNullable<HostInput["roles"]> };

/** Three stacked control-plane hosts. */
export const threeHosts: RankedInput[] = [1, 2, 3].map((n) => ({
  name: `cp${n}`,
  address: `192.0.2.1${n}`,
  roles: ["etcd", "control-plane", "load-balancer"],
}));

/** Raw configuration of a cluster with a VIP. */
export const rawConfig = {
  clusterName: "demo",
  nodeSubnet: "192.0.2.0/24",
  vip: "192.0.2.10",
  artifactsUrl: "http://192.0.2.5:8410",
};

/** @throws Error when the input is not valid: for tests that need a valid one. */
export function configOf(extra: Record<string, unknown> = {}): ClusterConfig {
  const { config, findings } = parseConfig({ ...rawConfig, ...extra });
  if (config === undefined) throw new Error(JSON.stringify(findings));
  return config;
}

/** @throws Error when the input is not valid. */
export function hostsOf(input: unknown = threeHosts): Host[] {
  const { hosts, findings } = parseInventory(input);
  if (findings.length > 0) throw new Error(JSON.stringify(findings));
  return hosts;
}

/** The last of the bundles that hosts get before everything else. */
export const lastHostBundle = bundles.findLast(({ stage }) => stage === "host")?.name ?? "";

/** What a host gets of one bundle, whether it is meant for it or not. */
export function bundleOf(name: string, placement: Placement): Bundle {
  const entry = bundles.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`there is no bundle ${name}`);
  return planBundle(entry, placement);
}

/** Facts of a healthy machine that Plinth has never seen. */
export function factsOf(name: string, extra: Partial<HostFacts> = {}): HostFacts {
  return {
    machineId: `machine-${name}`,
    bootId: `boot-${name}`,
    hostname: name,
    kernel: "6.1.0",
    arch: "amd64",
    os: "debian 12",
    systemd: "252",
    uid: 0,
    ownAddresses: ["127.0.1.1"],
    timeSync: ["systemd-timesyncd.service"],
    clock: 1_000_000,
    elapsed: 0.3,
    skew: 0,
    memoryKiB: 8_000_000,
    memoryAvailableKiB: 7_000_000,
    swapKiB: 0,
    swapUsedKiB: 0,
    diskSizeKiB: { "/var/lib": 200_000_000 },
    inodes: { "/var/lib": 2_000_000 },
    diskFreeKiB: { "/var/lib": 100_000_000 },
    inodesFree: { "/var/lib": 1_000_000 },
    bundles: {},
    dataDirectories: {},
    unmounted: {},
    certificates: [],
    populated: [],
    listeners: [],
    addresses: {},
    vrrp: [],
    linkMtus: {},
    resolvers: { "/etc/resolv.conf": "others" },
    forwardDrops: [],
    noexec: {},
    commands: Object.fromEntries(
      ["curl", "flock", "systemctl", "ss", "sha256sum"].map((name) => [name, `/usr/bin/${name}`]),
    ),
    versions: { nft: "1.0.6" },
    cgroup: "v2",
    cgroupControllers: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"],
    features: {
      overlay: "present",
      br_netfilter: "loadable",
      nf_tables: "loadable",
      nf_conntrack: "present",
      vxlan: "loadable",
    },
    ...extra,
  };
}

/** What a member of etcd that is well tells of itself. */
export function memberStatus(id: string, leader: string, more: Partial<MemberStatus> = {}): MemberStatus {
  return {
    ...{ id, leader, version: "3.6.14", dbSize: 1024 * 1024, raftIndex: 9, raftApplied: 9 },
    ...{ learner: false, errors: [], alarms: [] },
    ...more,
  };
}

/** A healthy reading for every host, with some replaced. */
export function readingsOf(
  hosts: readonly Host[],
  replaced: Record<string, HostReading> = {},
): Map<string, HostReading> {
  return new Map(
    hosts.map((host): [string, HostReading] => [
      host.name,
      replaced[host.name] ?? { facts: factsOf(host.name, { addresses: { [host.address]: "eth0" } }) },
    ]),
  );
}

/** Bundles of a cluster that asks for nothing besides: without the one of figures. */
export const usualBundles = bundles.filter(({ name }) => name !== "metrics");
/** Steps of one, likewise. */
export const usualSteps = bringUp.filter(({ name }) => name !== "metrics");
