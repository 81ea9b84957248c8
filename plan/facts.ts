import { createHash } from "node:crypto";
import { z } from "zod";
import { decimal, number, readLook, words, type LineReaders } from "./look.ts";
import { etcdReaders, type EtcdFacts } from "./members.ts";
import { nodeReaders, type KubeNode } from "./nodes.ts";
import type { HostVersions } from "./outputs.ts";

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
  /** Directory → free KiB. */
  diskFreeKiB: Record<string, number>;
  /** Directory → free inodes; file systems without a limit are not in it. */
  inodesFree: Record<string, number>;
  claim?: Claim;
  /** Bundle name → how far it got. */
  bundles: Record<string, BundleFact>;
  /** Directories of Kubernetes' that are there and not empty. */
  populated: string[];
  listeners: Listener[];
  /** Address → interface. */
  addresses: Record<string, string>;
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

/** Versions of what a host brings along, for outputs. */
export function hostVersions({ kernel, os, systemd, arch, versions }: HostFacts): HostVersions {
  return { kernel, os, systemd, arch, tools: versions };
}

/** What a look at a host came to: its facts, or one sentence about why it could not be read. */
export type HostReading =
  { facts: HostFacts } | { failure: "unreachable" | "auth" | "host-key" | "sudo" | "garbled"; message: string };

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

const bundleWords = z
  .tuple([z.string().min(1), decimal, z.enum(["complete", "half-done", "failed"])], z.string())
  .transform(([name, generation, state, ...reason]): [string, BundleFact] => [
    name,
    { generation, state, ...(reason.length === 0 ? {} : { reason: reason.join(" ") }) },
  ]);

const listenerWords = z
  .tuple([z.enum(["tcp", "udp"]), z.string(), decimal, z.string(), z.string(), z.string()])
  .transform(([protocol, address, port, pid, command, unit]): Listener => ({
    ...{ protocol, address, port, pid, command, unit },
  }));

/** What something is said about, in one word, and what. */
const pair = z
  .tuple([z.string().min(1)], z.string())
  .transform(([name, ...value]): [string, string] => [name, value.join(" ")]);
const amount = z.tuple([z.string().min(1), decimal]);
const feature = z.tuple([z.string().min(1), z.enum(["present", "loadable", "missing"])]);

/** Who reads which line of the facts (scripts/look/base.sh describes them). */
function factReaders(facts: HostFacts, claim: Map<string, string>): LineReaders {
  const etcd = () => (facts.etcd ??= { data: false, members: [] });
  const nodes = () => (facts.nodes ??= []);
  return {
    "machine-id": (value) => (facts.machineId = value),
    "boot-id": (value) => (facts.bootId = value),
    hostname: (value) => (facts.hostname = value),
    kernel: (value) => (facts.kernel = value),
    arch: (value) => (facts.arch = architectures[value] ?? value),
    os: (value) => (facts.os = value),
    systemd: (value) => (facts.systemd = value),
    container: (value) => (facts.container = value),
    "mount-cgroup": (value) => (facts.cgroup = value),
    "own-address": (value) => facts.ownAddresses.push(value),
    "time-sync": (value) => facts.timeSync.push(value),
    populated: (value) => facts.populated.push(value),
    uid: number("its user", (value) => (facts.uid = value)),
    clock: number("its clock", (value) => (facts.clock = value)),
    elapsed: number("its clock", (value) => (facts.elapsed = value)),
    "memory-kib": number("its memory", (value) => (facts.memoryKiB = value)),
    "memory-available-kib": number("its memory", (value) => (facts.memoryAvailableKiB = value)),
    "swap-kib": number("its swap", (value) => (facts.swapKiB = value)),
    "swap-used-kib": number("its swap", (value) => (facts.swapUsedKiB = value)),
    "disk-free-kib": words("its disks", amount, ([path, value]) => (facts.diskFreeKiB[path] = value)),
    "inodes-free": words("its disks", amount, ([path, value]) => (facts.inodesFree[path] = value)),
    claim: words("its claim", pair, ([key, value]) => claim.set(key, value)),
    bundle: words("its bundles", bundleWords, ([name, fact]) => (facts.bundles[name] = fact)),
    listen: words("who listens", listenerWords, (listener) => facts.listeners.push(listener)),
    address: words("its addresses", pair, ([address, name]) => (facts.addresses[address] = name)),
    command: words("its commands", pair, ([name, path]) => {
      if (path !== "-" && path !== "") facts.commands[name] = path;
    }),
    version: words("its tools", pair, ([name, version]) => (facts.versions[name] = version)),
    "cgroup-controllers": (value) => (facts.cgroupControllers = value.split(" ").filter((name) => name !== "-")),
    "kernel-feature": words("its kernel", feature, ([name, state]) => (facts.features[name] = state)),
    ...etcdReaders(etcd),
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
    diskFreeKiB: {},
    inodesFree: {},
    bundles: {},
    populated: [],
    listeners: [],
    addresses: {},
    commands: {},
    versions: {},
    cgroup: "",
    cgroupControllers: [],
    features: {},
  };
  const claim = new Map<string, string>();
  readLook(text, factReaders(facts, claim));
  const clusterId = claim.get("cluster-id");
  if (clusterId !== undefined) {
    const [cluster = "", host = "", stack = ""] = ["cluster", "host", "stack"].map((key) => claim.get(key));
    facts.claim = { cluster, clusterId, host, stack, generation: Number(claim.get("generation") ?? 0) };
  }
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
