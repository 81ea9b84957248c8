import type { ClusterConfig } from "./config.ts";
import type { HostFacts, HostReading, Listener } from "./facts.ts";
import type { Finding } from "./findings.ts";
import type { Host, Role } from "./inventory.ts";
import { ports } from "./ports.ts";

/** Who the hosts are to belong to. */
export interface Identity {
  /** Undefined before the first `up`: then every claim on a host is foreign. */
  clusterId: string | undefined;
}

/** Guards that a user may set aside by name (config `overrides`). The others have no safe way around. */
export const overridable = ["port-taken", "memory", "disk-space", "clock-skew"] as const;

/** Clocks may differ by this many seconds: leases and certificates start to suffer beyond it. */
const clockSkewSeconds = 2;
/** A control-plane host below this cannot hold an API server and an etcd member. kubeadm asks for 1700 MB. */
const memoryKiB = 1_700_000;
/** Free space for binaries, etcd with its 8 GiB quota comes on top as it grows. */
const diskKiB = 2_000_000;

/** Host name → roles, as the last complete run left it. */
export type PreviousHosts = Readonly<Record<string, { roles: readonly string[] }>>;

/**
 * What would change the membership of a cluster in service. Members join and leave one at a time through the cluster
 * itself, which this release does not do: a host that merely starts or stops would cost the quorum.
 *
 * @param previous undefined when no run has been completed yet.
 */
export function guardMembership(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: PreviousHosts | undefined,
): Finding[] {
  const carries = (host: Host, bundle: string): boolean => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading && reading.facts.bundles[bundle] !== undefined;
  };
  const inService = hosts.some((host) => carries(host, "controlplane"));
  const joining = hosts.filter((host) => {
    const reading = readings.get(host.name);
    return host.roles.includes("etcd") && reading !== undefined && "facts" in reading && !carries(host, "etcd");
  });
  const names = hosts.map((host) => host.name);
  const leaving = Object.entries(previous ?? {}).filter(
    ([name, { roles }]) => !names.includes(name) && (roles.includes("etcd") || roles.includes("control-plane")),
  );
  return [
    ...(inService ? joining : []).map(({ name }): Finding => ({
      rule: "etcd-join",
      kind: "guard",
      hosts: [name],
      message: "the host carries no etcd member while the cluster is in service, so it was added or has lost its disk",
      remedy: "bring its disk back, or take it out of the inventory: this release cannot add or replace members",
    })),
    ...leaving.map(([name, { roles }]): Finding => ({
      rule: "member-leave",
      kind: "guard",
      hosts: [name],
      message: `the host is not in the inventory any more, but it serves the cluster as ${roles.join(", ")}`,
      remedy:
        "put it back: this release cannot take single members out (./plinth destroy takes the cluster off all hosts)",
    })),
  ];
}

/**
 * What the hosts themselves say against the plan.
 *
 * @param readings one reading per host name; a host without one was not read and is not judged.
 * @param identity undefined when it is not known whose the hosts are to be; claims are not judged then.
 */
export function guardHosts(
  hosts: readonly Host[],
  config: ClusterConfig,
  readings: ReadonlyMap<string, HostReading>,
  identity: Identity | undefined,
): Finding[] {
  const findings = hosts.flatMap((host): Finding[] => {
    const reading = readings.get(host.name);
    if (reading === undefined) return [];
    if ("failure" in reading) return [accessFinding(host, reading)];
    return [
      ...(identity === undefined ? [] : claimFindings(host, reading.facts, identity)),
      ...portFindings(host, reading.facts, config),
      ...resourceFindings(host, reading.facts),
      ...interfaceFindings(host, reading.facts, config),
    ];
  });
  return [...findings, ...twinFindings(hosts, readings), ...clockFindings(hosts, readings)];
}

/** The findings that remain when the named guards are set aside, and those that were set aside. */
export function applyOverrides(
  findings: readonly Finding[],
  overrides: readonly string[],
): { remaining: Finding[]; setAside: Finding[] } {
  const allowed = overrides.filter((name) => (overridable as readonly string[]).includes(name));
  const unknown = overrides.filter((name) => !allowed.includes(name)).map(unknownOverride);
  const setAside = findings.filter((finding) => allowed.includes(finding.rule));
  return { remaining: [...findings.filter((finding) => !setAside.includes(finding)), ...unknown], setAside };
}

function unknownOverride(name: string): Finding {
  return {
    rule: "overrides",
    kind: "input",
    hosts: [],
    message: `plinth:overrides names ${name}, which cannot be set aside`,
    remedy: `use one of ${overridable.join(", ")}`,
  };
}

const accessRemedies: Record<"unreachable" | "auth" | "host-key" | "sudo" | "garbled", string> = {
  unreachable: "bring the host up, or correct its address in the inventory",
  auth: "put the public key of plinth:sshPrivateKeyFile into the user's authorized_keys, or correct plinth:sshUser",
  "host-key":
    "if the host was reinstalled on purpose, put its new key into plinth:sshKnownHostsFile; if not, somebody may be in between",
  sudo: "give the user passwordless sudo (NOPASSWD: ALL), or use root",
  garbled: "look at what the user's login shell prints and whether the host is healthy",
};

function accessFinding(host: Host, reading: Extract<HostReading, { failure: string }>): Finding {
  return {
    rule: `host-${reading.failure === "host-key" ? "key" : reading.failure}`,
    kind: "input",
    hosts: [host.name],
    message: reading.message,
    remedy: accessRemedies[reading.failure],
  };
}

function claimFindings(host: Host, facts: HostFacts, identity: Identity): Finding[] {
  const claim = facts.claim;
  if (claim === undefined) return [];
  const whose = `cluster ${claim.cluster} (id ${claim.clusterId}, stack ${claim.stack}) as host ${claim.host}`;
  if (claim.clusterId !== identity.clusterId) {
    return [
      {
        rule: "foreign-host",
        kind: "guard",
        hosts: [host.name],
        message: `the host belongs to ${whose}`,
        remedy:
          "take it out of that cluster first (./plinth destroy there, or plinth-host release --force on the host when that cluster is gone)",
      },
    ];
  }
  if (claim.host !== host.name && Object.keys(facts.bundles).length > 0) {
    return [
      {
        rule: "renamed-host",
        kind: "guard",
        hosts: [host.name],
        message: `the host already serves ${whose}; a host in service cannot be renamed`,
        remedy: "keep its name, or take it out of the cluster and add it again",
      },
    ];
  }
  return [];
}

const unitsByRole: Record<Role, string[]> = {
  etcd: ["etcd.service"],
  "control-plane": ["kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service"],
  "load-balancer": ["haproxy.service", "keepalived.service"],
  worker: [],
};

function needs(host: Host, config: ClusterConfig): { address: string; port: number; role: Role; what: string }[] {
  const wanted: { address: string; port: number; role: Role; what: string }[] = [];
  if (host.roles.includes("etcd")) {
    wanted.push({ address: host.address, port: ports.etcdClient, role: "etcd", what: "etcd" });
    wanted.push({ address: host.address, port: ports.etcdPeer, role: "etcd", what: "etcd" });
  }
  if (host.roles.includes("control-plane")) {
    wanted.push({ address: host.address, port: ports.apiserver, role: "control-plane", what: "kube-apiserver" });
    wanted.push({
      address: "127.0.0.1",
      port: ports.controllerManager,
      role: "control-plane",
      what: "kube-controller-manager",
    });
    wanted.push({ address: "127.0.0.1", port: ports.scheduler, role: "control-plane", what: "kube-scheduler" });
  }
  if (host.roles.includes("load-balancer") && config.vip !== undefined) {
    wanted.push({ address: config.vip, port: ports.apiserver, role: "load-balancer", what: "haproxy" });
    wanted.push({ address: "127.0.0.1", port: ports.haproxyHealth, role: "load-balancer", what: "haproxy" });
  }
  return wanted;
}

const anyAddress = ["0.0.0.0", "*", "::", "[::]"];

function portFindings(host: Host, facts: HostFacts, config: ClusterConfig): Finding[] {
  const taken = new Map<string, Finding>();
  for (const want of needs(host, config)) {
    const blocks = (listener: Listener) =>
      listener.port === want.port &&
      (listener.address === want.address || anyAddress.includes(listener.address)) &&
      !Object.values(unitsByRole).flat().includes(listener.unit);
    for (const listener of facts.listeners.filter(blocks)) {
      const who = `${listener.command} (pid ${listener.pid}${listener.unit === "-" ? "" : `, unit ${listener.unit}`})`;
      const finding: Finding = {
        rule: "port-taken",
        kind: "guard",
        hosts: [host.name],
        message: `port ${want.port}, which ${want.what} needs, is taken by ${who} at ${listener.address}`,
        remedy: "stop that program or move it to another port",
      };
      taken.set(finding.message, finding);
    }
  }
  return [...taken.values()];
}

function resourceFindings(host: Host, facts: HostFacts): Finding[] {
  const findings: Finding[] = [];
  const guard = (rule: string, message: string, remedy: string) => {
    findings.push({ rule, kind: "guard", hosts: [host.name], message, remedy });
  };
  if (facts.arch !== host.arch) {
    guard(
      "architecture",
      `the host is ${facts.arch}, the inventory says ${host.arch}`,
      `set arch: "${facts.arch}" for it`,
    );
  }
  if (facts.memoryKiB < memoryKiB) {
    guard(
      "memory",
      `the host has ${Math.floor(facts.memoryKiB / 1024)} MiB of memory, ${Math.ceil(memoryKiB / 1024)} MiB are needed`,
      "add memory or choose another host",
    );
  }
  for (const [directory, free] of Object.entries(facts.diskFreeKiB)) {
    if (free >= diskKiB) continue;
    guard(
      "disk-space",
      `${directory} has ${Math.floor(free / 1024)} MiB free, ${Math.ceil(diskKiB / 1024)} MiB are needed`,
      "make room there",
    );
  }
  const missing = ["curl", "flock", "systemctl", "ss", "sha256sum"].filter(
    (command) => facts.commands[command] === undefined,
  );
  if (missing.length > 0) {
    guard(
      "missing-command",
      `the host has no ${missing.join(", ")}`,
      "install the packages that provide them (curl, util-linux, systemd, iproute2, coreutils)",
    );
  }
  return findings;
}

function interfaceFindings(host: Host, facts: HostFacts, config: ClusterConfig): Finding[] {
  if (!host.roles.includes("load-balancer") || config.vip === undefined) return [];
  const expected = host.interface ?? config.interface;
  const actual = facts.addresses[host.address];
  if (actual === undefined || actual === expected) return [];
  return [
    {
      rule: "interface",
      kind: "input",
      hosts: [host.name],
      message: `${host.address} is on interface ${actual}, not on ${expected} where the VIP would go`,
      remedy: `set interface: "${actual}" for the host, or plinth:interface for all`,
    },
  ];
}

/** Two names in the inventory that turn out to be one machine, or copies of one disk. */
function twinFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const readable = hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading ? [{ name: host.name, id: reading.facts.machineId }] : [];
  });
  return [...Map.groupBy(readable, (host) => host.id)]
    .filter(([id, group]) => id !== "" && group.length > 1)
    .map(([id, group]) => ({
      rule: "duplicate-machine-id",
      kind: "guard",
      hosts: group.map((host) => host.name),
      message: `they report the same machine id ${id}, so they are one machine or copies of one disk`,
      remedy:
        "correct the addresses, or make new ids on the copies (rm /etc/machine-id; systemd-machine-id-setup; reboot)",
    }));
}

/** Clocks compared with each other: the earliest host against the latest. */
function clockFindings(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const clocks = hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading && reading.facts.skew !== undefined
      ? [{ name: host.name, skew: reading.facts.skew }]
      : [];
  });
  const median = clocks.map((clock) => clock.skew).sort((a, b) => a - b)[Math.floor(clocks.length / 2)];
  return clocks
    .filter((clock) => median !== undefined && Math.abs(clock.skew - median) > clockSkewSeconds)
    .map((clock) => ({
      rule: "clock-skew",
      kind: "guard",
      hosts: [clock.name],
      message: `its clock differs by ${(clock.skew - (median ?? 0)).toFixed(1)} s from the other hosts, ${clockSkewSeconds} s are allowed`,
      remedy: "set up time synchronisation (chrony or systemd-timesyncd) and wait until it is in step",
    }));
}
