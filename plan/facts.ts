import { createHash } from "node:crypto";
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

/** A member of the etcd cluster. */
export interface EtcdMemberFact {
  /** In hex, as etcdctl has it. */
  id: string;
  /** Unknown where it was added and has never started. */
  name?: string;
  peerUrl: string;
  /** Whether it has ever started. */
  started: boolean;
  learner: boolean;
}

/** What a host tells about etcd. */
export interface EtcdFacts {
  /** Whether there is data of a member. */
  data: boolean;
  /** The member of this host; undefined when it does not answer. */
  self?: { id: string; learner: boolean };
  /** Id of the leader that it knows. */
  leader?: string;
  /** Empty when the member of this host is a learner, has no quorum or does not answer. */
  members: EtcdMemberFact[];
}

/** A Node as the API server of a host has it. */
export interface NodeFact {
  name: string;
  machineId?: string;
  ready: boolean;
  /** Its first internal address. */
  address?: string;
  /** Annotation `plinth/owner`. */
  owner?: string;
  /** Annotation `plinth/leaving`: it was marked as leaving, and was `uncordon` or `cordoned` before. */
  leaving?: string;
  /** Annotation `plinth/drained`: it was drained for another runtime, and was `uncordon` or `cordoned` before. */
  drained?: string;
}

/** What one read-only look at a host tells (`scripts/facts/`). */
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
  cpus: number;
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
  nodes?: NodeFact[];
}

/** Versions of what a host brings along, for outputs. */
export function hostVersions({ kernel, os, systemd, arch, versions }: HostFacts): HostVersions {
  return { kernel, os, systemd, arch, tools: versions };
}

/** What a look at a host came to: its facts, or one sentence about why it could not be read. */
export type HostReading =
  { facts: HostFacts } | { failure: "unreachable" | "auth" | "host-key" | "sudo" | "garbled"; message: string };

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

/**
 * Parses the output of `scripts/facts/`. Lines before the header are ignored: login shells may be noisy.
 *
 * @throws Error with a sentence when the header or the closing `end` is missing.
 */
export function parseFacts(text: string): HostFacts {
  const lines = text.split("\n");
  const start = lines.indexOf("plinth-facts 1");
  const end = lines.indexOf("end", start);
  if (start < 0 || end < 0) throw new Error("the answer of the host is not complete");
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
    cpus: 0,
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
  const claim: Record<string, string> = {};
  for (const line of lines.slice(start + 1, end)) readLine(line, facts, claim);
  if (claim["cluster-id"] !== undefined) {
    facts.claim = {
      cluster: claim["cluster"] ?? "",
      clusterId: claim["cluster-id"],
      host: claim["host"] ?? "",
      stack: claim["stack"] ?? "",
      generation: Number(claim["generation"] ?? 0),
    };
  }
  return facts;
}

function readLine(line: string, facts: HostFacts, claim: Record<string, string>): void {
  const [key = "", first = "", ...more] = line.split(" ");
  const rest = [first, ...more].join(" ");
  switch (key) {
    case "machine-id":
      facts.machineId = rest;
      break;
    case "boot-id":
      facts.bootId = rest;
      break;
    case "hostname":
      facts.hostname = rest;
      break;
    case "kernel":
      facts.kernel = rest;
      break;
    case "arch":
      facts.arch = architectures[rest] ?? rest;
      break;
    case "os":
      facts.os = rest;
      break;
    case "systemd":
      facts.systemd = rest;
      break;
    case "container":
      facts.container = rest;
      break;
    case "own-address":
      facts.ownAddresses.push(rest);
      break;
    case "time-sync":
      facts.timeSync.push(rest);
      break;
    case "uid":
      facts.uid = Number(rest);
      break;
    case "clock":
      facts.clock = Number(rest);
      break;
    case "elapsed":
      facts.elapsed = Number(rest);
      break;
    case "memory-kib":
      facts.memoryKiB = Number(rest);
      break;
    case "memory-available-kib":
      facts.memoryAvailableKiB = Number(rest);
      break;
    case "cpus":
      facts.cpus = Number(rest);
      break;
    case "swap-kib":
      facts.swapKiB = Number(rest);
      break;
    case "swap-used-kib":
      facts.swapUsedKiB = Number(rest);
      break;
    case "inodes-free":
      facts.inodesFree[first] = Number(more[0]);
      break;
    case "populated":
      facts.populated.push(rest);
      break;
    case "disk-free-kib":
      facts.diskFreeKiB[first] = Number(more[0]);
      break;
    case "claim":
      claim[first] = more.join(" ");
      break;
    case "bundle":
      facts.bundles[first] = bundleFact(more);
      break;
    case "listen": {
      const [address = "", port = "", pid = "-", command = "-", unit = "-"] = more;
      facts.listeners.push({
        protocol: first === "udp" ? "udp" : "tcp",
        address,
        port: Number(port),
        pid,
        command,
        unit,
      });
      break;
    }
    case "address":
      facts.addresses[first] = more[0] ?? "";
      break;
    case "command":
      if (more[0] !== undefined && more[0] !== "-") facts.commands[first] = more[0];
      break;
    case "version":
      if (more[0] !== undefined) facts.versions[first] = more[0];
      break;
    case "cgroup-controllers":
      facts.cgroupControllers = rest.split(" ").filter((name) => name !== "-");
      break;
    case "kernel-feature":
      facts.features[first] = more[0] === "present" || more[0] === "loadable" ? more[0] : "missing";
      break;
    case "mount-cgroup":
      facts.cgroup = rest;
      break;
    case "etcd-data":
      etcdOf(facts).data = true;
      break;
    case "etcd-self":
      etcdOf(facts).self = { id: first, learner: more[0] === "learner" };
      break;
    case "etcd-leader":
      etcdOf(facts).leader = first;
      break;
    case "etcd-member":
      etcdOf(facts).members.push(etcdMember(first, more));
      break;
    case "nodes":
      facts.nodes ??= [];
      break;
    case "node":
      (facts.nodes ??= []).push(node(first, more));
      break;
    default: // A newer script may tell more than this parser knows.
  }
}

function etcdOf(facts: HostFacts): EtcdFacts {
  return (facts.etcd ??= { data: false, members: [] });
}

function etcdMember(id: string, [name = "-", peerUrl = "", started, kind]: string[]): EtcdMemberFact {
  const known = name === "-" ? {} : { name };
  return { id, ...known, peerUrl, started: started === "started", learner: kind === "learner" };
}

function node(
  name: string,
  [machineId = "-", ready, address = "-", owner = "-", leaving = "-", drained = "-"]: string[],
): NodeFact {
  const known = Object.entries({ machineId, address, owner, leaving, drained }).filter(([, value]) => value !== "-");
  return { name, ready: ready === "True", ...Object.fromEntries(known) };
}

function bundleFact([generation, state, ...reason]: string[]): BundleFact {
  const known = state === "complete" || state === "failed" ? state : "half-done";
  const fact: BundleFact = { generation: Number(generation), state: known };
  if (reason.length > 0) fact.reason = reason.join(" ");
  return fact;
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
