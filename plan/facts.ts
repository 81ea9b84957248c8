import { createHash } from "node:crypto";
import { z } from "zod";
import { families, type Family } from "./distributions.ts";
import { firewallReaders, type Firewall } from "./firewalld.ts";
import { readLook, word, words, type LineReaders } from "./look.ts";
import { etcdReaders, type EtcdFacts } from "./members.ts";
import { nodeReaders, type KubeNode } from "./nodes.ts";
import { certificateReaders, type CertificateFile } from "./certificates.ts";
import type { SelinuxMode } from "./selinux.ts";
import type { HostVersions } from "./outputs.ts";
import { restoreReaders, type RestoreFacts } from "./restore/facts.ts";
import { printable } from "./printable.ts";
import * as told from "./told.ts";
import type { VrrpInstance } from "./wayshape.ts";

/** A listening socket of a host. */
export interface Listener {
  protocol: "tcp" | "udp";
  address: string;
  port: number;
  /** `-` for sockets of the kernel, and when unknown; so is `command`. */
  pid: string;
  command: string;
  /** systemd unit, or `-` when unknown. */
  unit: string;
}

/** What kind of name servers a resolv.conf has: only loopback addresses, only others, both, or none at all. */
export type ResolverState = "loopback" | "others" | "mixed" | "none";

/** A chain of a host's firewall that drops what it does not know of the traffic of others. */
export interface ForwardDrop {
  /** What it is changed with: `nft` or `iptables-legacy`. */
  tool: string;
  /** nftables' family, e.g. `ip` or `inet`. */
  family: string;
  table: string;
  chain: string;
  /** Networks and interfaces from which, and to which, a rule accepts everything. */
  from: readonly string[];
  to: readonly string[];
}

/** How far a bundle got on a host. */
export interface BundleFact {
  generation: number;
  state: "complete" | "half-done" | "failed";
  reason?: string;
}

/** What a kernel says to a feature that is a module of other kernels. */
export type FeatureState = "present" | "loadable" | "missing";

/** Who a host belongs to. */
export interface Claim {
  cluster: string;
  clusterId: string;
  host: string;
  stack: string;
  /** The generation that the claim was made with. */
  generation: number;
}

/** What one read-only look at a host tells (`scripts/look/facts.sh`). */
export interface HostFacts {
  machineId: string;
  bootId: string;
  hostname: string;
  kernel: string;
  arch: string;
  /** Distribution and its version as /etc/os-release has them, e.g. `debian 12`. */
  os: string;
  /** Undefined where it is of none that we know. */
  family?: Family;
  /** Version number, `-` when unknown. */
  systemd: string;
  uid: number;
  /** What the host is a container of, e.g. `systemd-nspawn`. */
  container?: string;
  /** Addresses that its /etc/hosts gives its own name. */
  ownAddresses: string[];
  /** Running services that set the clock. */
  timeSync: string[];
  /** Host clock in seconds since the epoch, at the end of the look. */
  clock: number;
  /** Seconds that the look has taken on the host. */
  elapsed: number;
  /** Host clock minus the operator's at the time of the reading, seconds; set by the reader. */
  skew?: number;
  /** By how much `skew` may be wrong, seconds; set by the reader. Unknown counts as none. */
  skewUncertainty?: number;
  memoryKiB: number;
  memoryAvailableKiB: number;
  swapKiB: number;
  swapUsedKiB: number;
  /** Directory → size of its file system, KiB. */
  diskSizeKiB: Record<string, number>;
  /** Directory → free KiB. */
  diskFreeKiB: Record<string, number>;
  /** Directory → inodes of its file system, and those that are free; file systems without a limit are in neither. */
  inodes: Record<string, number>;
  inodesFree: Record<string, number>;
  claim?: Claim;
  /** Bundle name → how far it got. */
  bundles: Record<string, BundleFact>;
  /** Files that bundles of roles have brought; undefined where there are none. */
  roleFiles?: { bundle: string; path: string }[];
  /** Restores of etcd's data; undefined where there was none. */
  restores?: RestoreFacts;
  /** Bundle that was brought to its end → directories of its data there. */
  dataDirectories: Record<string, string[]>;
  /** Directory that was asked for → file system of /etc/fstab that it is to lie on, and that is not mounted. */
  unmounted: Record<string, string>;
  certificates: CertificateFile[];
  /** Generation of the bundle with the kubelet at which it was last let in anew because its certificate had ended. */
  joinedAnew?: number;
  /** Directories of Kubernetes' that are there and not empty. */
  populated: string[];
  listeners: Listener[];
  /** Address → interface. */
  addresses: Record<string, string>;
  /** What keepalived is configured to hold by VRRP. */
  vrrp: VrrpInstance[];
  /** Interface with an IPv4 address → its MTU, bytes. */
  linkMtus: Record<string, number>;
  /** Path of a resolv.conf → what name servers it has; files that are not there are not in it. */
  resolvers: Record<string, ResolverState>;
  forwardDrops: ForwardDrop[];
  /** What SELinux makes of its policy; undefined where it is off. */
  selinux?: SelinuxMode;
  /** Undefined where firewalld does not run. */
  firewalld?: Firewall;
  /** Directory for programs → where the file system is mounted that runs none. */
  noexec: Record<string, string>;
  /** Command → path; absent commands are not in it. */
  commands: Record<string, string>;
  /** Tool of the distribution → version; absent tools are not in it. */
  versions: Record<string, string>;
  /** `v1` or `v2`. */
  cgroup: string;
  cgroupControllers: string[];
  /** Kernel feature, by the name of its module → state. */
  features: Record<string, FeatureState>;
  /** Undefined where there is no data and nobody answers. */
  etcd?: EtcdFacts;
  /** Undefined where there is no API server, or it does not answer. */
  nodes?: KubeNode[];
}

/** Versions of what a host brings along, for outputs: of what serves the cluster. */
export function hostVersions({ kernel, os, systemd, arch, versions }: HostFacts): HostVersions {
  const shown = Object.entries(versions).filter(([tool]) => tool !== "curl");
  return { kernel, os, systemd, arch, tools: Object.fromEntries(shown) };
}

/** Why nothing is known of a host, in one sentence. `refused`: what it says is not accepted. */
export interface HostFailure {
  failure: "unreachable" | "auth" | "host-key" | "sudo" | "garbled" | "refused";
  message: string;
}

/** What a look at a host came to: its facts, or why there are none. */
export type HostReading = { facts: HostFacts } | HostFailure;

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

const bundleWords = z
  .tuple([told.plainName, told.count, z.enum(["complete", "half-done", "failed"])], z.string())
  .transform(([name, generation, state, ...reason]): [string, BundleFact] => [
    name,
    { generation, state, ...(reason.length === 0 ? {} : { reason: told.sentence.parse(reason.join(" ")) }) },
  ]);

/** Of a process, whose name is its own choice. */
const processName = z
  .string()
  .max(64)
  .transform((name) => printable(name));

const listenerWords = z
  .tuple([z.enum(["tcp", "udp"]), told.listening, told.port, told.count.or(z.literal("-")), processName, told.unitName])
  .transform(([protocol, address, port, pid, command, unit]): Listener => ({
    ...{ protocol, address, port, pid: String(pid), command, unit },
  }));

const claimWords = z.union([
  z.tuple([z.enum(["cluster", "cluster-id", "host", "stack"]), z.string().regex(/^[\w.@:/-]{0,253}$/)]),
  z.tuple([z.literal("generation"), told.count]),
]);
const resolverWords = z.tuple([told.absolutePath, z.enum(["loopback", "others", "mixed", "none"])]);

const forwardWords = z
  .tuple([
    z.enum(["nft", "iptables-legacy"]),
    told.plainName,
    told.chainName,
    told.chainName,
    told.orNothing(told.places),
    told.orNothing(told.places),
  ])
  .transform(([tool, family, table, chain, from = [], to = []]): ForwardDrop => ({
    ...{ tool, family, table, chain, from, to },
  }));

const osWords = z.tuple([told.version, told.version]);
const amount = z.tuple([told.absolutePath, told.decimal]);
const feature = z.tuple([told.plainName, z.enum(["present", "loadable", "missing"])]);
const controllers = z.array(z.union([told.plainName, z.literal("-")])).max(100);

/** Who reads which line of the facts (scripts/look/base.sh describes them). */
function factReaders(facts: HostFacts, claim: Map<string, string | number>): LineReaders {
  const etcd = () => (facts.etcd ??= { data: false, members: [] });
  const nodes = () => (facts.nodes ??= []);
  return {
    "machine-id": word("its machine id", told.machineId, (value) => (facts.machineId = value)),
    "boot-id": word("its boot", told.bootId, (value) => (facts.bootId = value)),
    hostname: word("its name", told.label, (value) => (facts.hostname = value)),
    kernel: word("its kernel", told.version, (value) => (facts.kernel = value)),
    arch: word("its architecture", told.plainName, (value) => (facts.arch = architectures[value] ?? value)),
    os: words("its distribution", osWords, ([id, version]) => (facts.os = `${id} ${version}`)),
    "os-family": word("its distribution", z.enum(families), (family) => (facts.family = family)),
    systemd: word("systemd", told.version, (value) => (facts.systemd = value)),
    container: word("its container", told.plainName, (value) => (facts.container = value)),
    "mount-cgroup": word("its control groups", z.enum(["v1", "v2"]), (value) => (facts.cgroup = value)),
    "own-address": word("its own address", told.address, (value) => facts.ownAddresses.push(value)),
    "time-sync": word("who sets its clock", told.unitName, (value) => facts.timeSync.push(value)),
    populated: word("its directories", told.absolutePath, (value) => facts.populated.push(value)),
    uid: word("its user", told.count, (value) => (facts.uid = value)),
    clock: word("its clock", told.decimal, (value) => (facts.clock = value)),
    elapsed: word("its clock", told.decimal, (value) => (facts.elapsed = value)),
    "memory-kib": word("its memory", told.decimal, (value) => (facts.memoryKiB = value)),
    "memory-available-kib": word("its memory", told.decimal, (value) => (facts.memoryAvailableKiB = value)),
    "swap-kib": word("its swap", told.decimal, (value) => (facts.swapKiB = value)),
    "swap-used-kib": word("its swap", told.decimal, (value) => (facts.swapUsedKiB = value)),
    "disk-size-kib": words("its disks", amount, ([path, value]) => (facts.diskSizeKiB[path] = value)),
    inodes: words("its disks", amount, ([path, value]) => (facts.inodes[path] = value)),
    "disk-free-kib": words("its disks", amount, ([path, value]) => (facts.diskFreeKiB[path] = value)),
    "inodes-free": words("its disks", amount, ([path, value]) => (facts.inodesFree[path] = value)),
    ...certificateReaders((file) => facts.certificates.push(file)),
    "joined-anew": word("how it joined", told.count, (generation) => (facts.joinedAnew = generation)),
    "data-directory": words("its directories", z.tuple([told.plainName, told.absolutePath]), ([bundle, path]) => {
      const before = Object.hasOwn(facts.dataDirectories, bundle) ? facts.dataDirectories[bundle] : undefined;
      facts.dataDirectories[bundle] = [...(before ?? []), path];
    }),
    "role-file": words("its roles", z.tuple([told.plainName, told.absolutePath]), ([bundle, path]) => {
      (facts.roleFiles ??= []).push({ bundle, path });
    }),
    unmounted: words("its mounts", z.tuple([told.absolutePath, told.absolutePath]), ([path, mount]) => {
      facts.unmounted[path] = mount;
    }),
    claim: words("its claim", claimWords, ([key, value]) => claim.set(key, value)),
    bundle: words("its bundles", bundleWords, ([name, fact]) => (facts.bundles[name] = fact)),
    listen: words("who listens", listenerWords, (listener) => facts.listeners.push(listener)),
    address: words("its addresses", z.tuple([told.address, told.interfaceName]), ([address, name]) => {
      facts.addresses[address] = name;
    }),
    vrrp: words("its virtual IPs", z.tuple([told.plainName, told.count, told.address]), ([name, routerId, address]) => {
      facts.vrrp.push({ name, routerId, address });
    }),
    "link-mtu": words("its links", z.tuple([told.interfaceName, told.count]), ([name, mtu]) => {
      facts.linkMtus[name] = mtu;
    }),
    resolver: words("its name servers", resolverWords, ([path, state]) => (facts.resolvers[path] = state)),
    "forward-drop": words("its firewall", forwardWords, (chain) => facts.forwardDrops.push(chain)),
    selinux: word("SELinux", z.enum(["enforcing", "permissive"]), (mode) => (facts.selinux = mode)),
    ...firewallReaders(facts),
    noexec: words("its mounts", z.tuple([told.absolutePath, told.absolutePath]), ([path, mount]) => {
      facts.noexec[path] = mount;
    }),
    command: words("its commands", z.tuple([told.plainName, told.orNothing(told.absolutePath)]), ([name, path]) => {
      if (path !== undefined) facts.commands[name] = path;
    }),
    version: words("its tools", z.tuple([told.plainName, told.version]), ([name, version]) => {
      facts.versions[name] = version;
    }),
    "cgroup-controllers": words("its control groups", controllers, (names) => {
      facts.cgroupControllers = names.filter((name) => name !== "-");
    }),
    "kernel-feature": words("its kernel", feature, ([name, state]) => (facts.features[name] = state)),
    ...etcdReaders(etcd),
    ...restoreReaders(() => (facts.restores ??= {})),
    ...nodeReaders(nodes),
  };
}

/**
 * Parses the output of `scripts/look/facts.sh`.
 *
 * @throws Error as {@link readLook}.
 */
export function parseFacts(text: string): HostFacts {
  const facts: HostFacts = {
    machineId: "",
    bootId: "",
    hostname: "",
    kernel: "",
    arch: "",
    os: "",
    systemd: "-",
    uid: -1,
    ownAddresses: [],
    timeSync: [],
    clock: 0,
    elapsed: 0,
    memoryKiB: 0,
    memoryAvailableKiB: 0,
    swapKiB: 0,
    swapUsedKiB: 0,
    diskSizeKiB: {},
    diskFreeKiB: {},
    inodes: {},
    inodesFree: {},
    bundles: {},
    dataDirectories: {},
    unmounted: {},
    certificates: [],
    populated: [],
    listeners: [],
    addresses: {},
    vrrp: [],
    linkMtus: {},
    resolvers: {},
    forwardDrops: [],
    noexec: {},
    commands: {},
    versions: {},
    cgroup: "",
    cgroupControllers: [],
    features: {},
  };
  const claim = new Map<string, string | number>();
  readLook(text, factReaders(facts, claim));
  const [cluster = "", clusterId, host = "", stack = ""] = ["cluster", "cluster-id", "host", "stack"].map((key) =>
    claim.get(key)?.toString(),
  );
  if (clusterId !== undefined)
    facts.claim = { cluster, clusterId, host, stack, generation: Number(claim.get("generation") ?? 0) };
  return facts;
}

/**
 * The generation of a host that carries nothing of ours: a number that changes with every boot, so that a host whose disk
 * was made anew does not look like the one that the stack's state remembers.
 */
function blankGeneration(facts: HostFacts): number {
  return parseInt(createHash("sha256").update(facts.bootId).digest("hex").slice(0, 7), 16);
}

/**
 * The generation that a claim's text carries: the host's own, or that of a blank host.
 *
 * @param heal claim it again although the text has not changed: claim or host script are not as they were left.
 */
export function claimGeneration(facts: HostFacts, heal = false): number {
  return (facts.claim?.generation ?? blankGeneration(facts)) + (heal ? 1 : 0);
}

/**
 * The generation that a bundle's text carries.
 *
 * The engine acts on differences between the text and its state only. Where the host is not what the state remembers, the
 * generation makes the difference: a half-done host asks for the next one (a failed update leaves the old inputs in the
 * state, so reverting the edit would show no difference), a blank host for one of its own. Once the bundle is done the
 * host reports that number, and the following run finds no difference.
 *
 * @param heal apply it again although the text has not changed. A host that is asked for another generation than its own
 *   looks at the bytes of its binaries, too.
 */
export function bundleGeneration(facts: HostFacts, bundle: string, heal = false): number {
  const fact = facts.bundles[bundle];
  if (fact === undefined) return blankGeneration(facts) + (heal ? 1 : 0);
  return fact.state === "complete" && !heal ? fact.generation : fact.generation + 1;
}
