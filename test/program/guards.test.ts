import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ProgramArgs } from "../../components/preflight.ts";
import { backupRule } from "../../plan/backup/before.ts";
import { deploy } from "../../components/program.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../../plan/facts.ts";
import { PlinthError } from "../../plan/findings.ts";
import { overridable } from "../../plan/guards.ts";
import { peerUrlOf } from "../../plan/livecluster.ts";
import type { EtcdFacts } from "../../plan/members.ts";
import type { PreviousRun } from "../../plan/previousrun.ts";
import type { AgentView } from "../../plan/sshagent.ts";
import { modesOf } from "../../plan/protections.ts";
import { parseWorkloads } from "../../plan/refusals.ts";
import type { RestoreFact } from "../../plan/restore/facts.ts";
import { noRequests, type RunRequests } from "../../plan/requests.ts";
import {
  configOf,
  factsOf,
  hostsOf,
  memberStatus,
  rawConfig,
  threeHosts,
  type RankedInput,
} from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { record } from "../support/recorder.ts";

const clusterId = "0123456789abcdef";
const worker: RankedInput = { name: "w1", address: "192.0.2.21", roles: ["worker"] };
const inventory: readonly RankedInput[] = [...threeHosts, worker];
const everybody = hostsOf(inventory);
const backup = {
  ...{ recipients: [`age1${"q".repeat(58)}`], password: "a-password-of-the-lab" },
  targets: [{ name: "disk", directory: { path: "/srv/backups" } }],
};
const digests = digestsFor(everybody, configOf({ backup }));

/** What the members of a cluster of cp1, cp2 and cp3 say. */
const etcdOf = (name: string): EtcdFacts => ({
  data: true,
  self: memberStatus(name, "cp1"),
  members: threeHosts.map((host) => ({
    ...{ id: host.name, name: host.name, peerUrls: [peerUrlOf(host)], started: true, learner: false },
  })),
});

/** As the cluster tells them. */
const ownNodes = inventory.map(({ name, address }) => ({
  ...{ name, address, machineId: `machine-${name}`, ready: true, owner: "demo" },
}));

const restoreAt = (step: RestoreFact["step"]): RestoreFact => ({
  ...{ id: "20261129T210000Z-1a2b3c", step, sha256: "0".repeat(64), token: "token", bump: 1_000_000_000 },
  members: threeHosts.map((host) => `${host.name}=${peerUrlOf(host)}`).join(","),
});

/** A member whose data is of a cluster of etcd. */
const memberOf = (name: string, cluster: string): EtcdFacts => ({
  ...etcdOf(name),
  self: { ...memberStatus(name, "cp1"), clusterId: cluster },
});

/** A host that serves in the cluster, with something else about it. */
function serving({ name, address, roles }: RankedInput, more: Partial<HostFacts> = {}): HostReading {
  const blank = factsOf(name);
  const bundles = [...(roles.includes("etcd") ? ["etcd", "controlplane", "loadbalancer"] : []), "runtime", "node"];
  return {
    facts: factsOf(name, {
      addresses: { [address]: "eth0" },
      claim: { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(blank) },
      bundles: Object.fromEntries(
        ["baseline", ...bundles].map((bundle) => [
          bundle,
          { generation: bundleGeneration(blank, bundle), state: "complete" },
        ]),
      ),
      ...(roles.includes("etcd") ? { etcd: etcdOf(name) } : {}),
      ...(roles.includes("control-plane")
        ? {
            nodes: ownNodes,
          }
        : {}),
      ...more,
    }),
  };
}
const silent: HostReading = { failure: "unreachable", message: "no answer within 10 s" };

interface Situation {
  inventory?: readonly RankedInput[];
  config?: Record<string, unknown>;
  /** What differs about hosts: facts, or that they do not answer. */
  hosts?: Record<string, Partial<HostFacts> | "silent" | "blank" | "seeded">;
  previous?: Partial<PreviousRun>;
  requests?: Partial<RunRequests>;
  /** The SSH agent of plain pulumi. */
  pluginAgent?: AgentView;
  /** What a look at the workloads prints, between its frame; or why it fails. */
  workloads?: string[] | Error;
  backUp?: ProgramArgs["backUp"];
}

const hostsBefore: PreviousRun["hosts"] = Object.fromEntries(
  inventory.map(({ name, address, roles }) => [
    name,
    { address, roles: [...roles], hostKey: `ssh-ed25519 KEY-${name}` },
  ]),
);

function argsOf(situation: Situation): ProgramArgs {
  const {
    inventory: wanted = inventory,
    config,
    hosts = {},
    previous,
    requests,
    pluginAgent,
    workloads,
    backUp,
  } = situation;
  const known = new Map([...inventory, ...wanted].map((host) => [host.name, host]));
  const read = (name: string): HostReading => {
    const host = known.get(name);
    assert.ok(host, name);
    const what = hosts[name];
    if (what === "silent") return silent;
    const blank = { addresses: { [host.address]: "eth0" } };
    if (what === "blank") return { facts: factsOf(name, blank) };
    if (what === "seeded") return { facts: factsOf(name, { ...blank, restores: { seed: restoreAt("planted") } }) };
    return serving(host, what);
  };
  return {
    stack: "demo",
    config: { ...rawConfig, ...config },
    inventory: wanted.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
    readHosts: (access) => Promise.resolve(new Map([...access.keys()].map((name) => [name, read(name)]))),
    readDigests: () => Promise.resolve(digests),
    lockedDigests: undefined,
    readPrevious: () =>
      Promise.resolve({
        clusterName: "demo",
        hosts: hostsBefore,
        versions: { kubernetes: configOf().kubernetesVersion, etcd: configOf().etcdVersion },
        ...previous,
      }),
    requests: { ...noRequests, ...requests },
    ...(pluginAgent === undefined ? {} : { pluginAgent: () => Promise.resolve(pluginAgent) }),
    lock: () => Promise.resolve(() => Promise.resolve()),
    ...(backUp === undefined ? {} : { backUp }),
    ...(workloads === undefined
      ? {}
      : {
          readWorkloads: () =>
            workloads instanceof Error
              ? Promise.reject(workloads)
              : Promise.resolve(parseWorkloads(["plinth-facts 1", ...workloads, "end"].join("\n"))),
        }),
  };
}

const state = (type: string, name: string) => {
  if (type === "tls:index/privateKey:PrivateKey")
    return { privateKeyPem: `-----BEGIN PRIVATE KEY----- ${name}`, publicKeyPem: `public ${name}` };
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  if (type.includes("randomPassword")) return { result: "k".repeat(32) };
  return type.includes("randomId") ? { hex: clusterId } : { stdout: "", stderr: "" };
};

/** Rules that refuse, what is warned of, and how many commands for hosts were declared. */
async function outcome(
  situation: Situation,
  preview = true,
): Promise<{ rules: string[]; commands: number; warnings: string[] }> {
  let rules: string[] = [];
  const { registrations, warnings } = await record(
    () =>
      deploy(argsOf(situation)).catch((error: unknown) => {
        if (!(error instanceof PlinthError)) throw error;
        rules = error.findings.map(({ rule }) => rule);
      }),
    { state, preview },
  );
  return { rules, warnings, commands: registrations.filter(({ type }) => type === "command:remote:Command").length };
}

const another: RankedInput = { name: "cp9", address: "192.0.2.19", roles: ["etcd", "control-plane", "load-balancer"] };
/** A worker that takes the place of w1. */
const successor: RankedInput = { name: "w2", address: "192.0.2.22", roles: ["worker"] };
const without = (...names: string[]) => inventory.filter(({ name }) => !names.includes(name));
const minor = (version: string, by: number): string => {
  const [major = 0, middle = 0] = version.split(".").map(Number);
  return `${major}.${middle + by}.0`;
};
const { kubernetesVersion } = configOf();

/** Every host has come back empty. */
const gone = {
  hosts: { cp1: "blank", cp2: "blank", cp3: "blank", w1: "blank" },
  previous: { survivors: { roster: "cp1" }, clusterId },
} satisfies Situation;

interface Guarded {
  refused: Situation;
  /** The same, of a worker that has been in service. */
  said?: Situation;
  wayOut?: Situation;
}

/** What a worker says of itself: it refuses the run that lets the worker join. */
function saidByWorker(said: Partial<HostFacts> | "blank", more: Situation = {}): Guarded & { said: Situation } {
  const joins = Object.fromEntries(Object.entries(hostsBefore).filter(([name]) => name !== "w1"));
  const situation = { ...more, hosts: { w1: said } };
  return { refused: { ...situation, previous: { hosts: joins } }, said: situation };
}

/** One diff or state of hosts per guard, and the way out where the guard cannot be set aside. */
const guards: Record<string, Guarded> = {
  // What a change would do to the cluster.
  "etcd-quorum": {
    refused: {
      inventory: [...without("cp2"), another],
      hosts: { cp2: { etcd: { data: true, members: [] } }, cp3: { etcd: { data: true, members: [] } }, cp9: "blank" },
    },
  },
  "last-control-plane": {
    refused: {
      inventory: [another, worker],
      hosts: { cp9: "blank" },
    },
    wayOut: { inventory: without("cp2", "cp3") },
  },
  "leaving-unreachable": {
    refused: { inventory: [...without("w1"), successor], hosts: { w1: "silent", w2: "blank" } },
  },
  "last-worker": { refused: { inventory: without("w1") } },
  "cluster-gone": {
    refused: gone,
    wayOut: { previous: gone.previous },
  },
  "lost-but-alive": {
    refused: { inventory: [...without("w1"), successor], hosts: { w2: "blank" }, requests: { lost: ["w1"] } },
  },
  tombstone: {
    refused: { previous: { lost: { w1: { address: worker.address, roles: ["worker"] } } } },
    wayOut: {
      previous: { lost: { w1: { address: worker.address, roles: ["worker"] } } },
      hosts: { w1: "blank" },
      requests: { replace: ["w1"] },
    },
  },
  "replaced-host": {
    ...saidByWorker("blank"),
    wayOut: { hosts: { w1: "blank" }, requests: { replace: ["w1"] } },
  },
  immutable: {
    refused: {
      config: { podCidr: "10.240.0.0/16" },
      previous: { network: { podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16", clusterDomain: "cluster.local" } },
    },
  },
  "version-skip": { refused: { previous: { versions: { kubernetes: minor(kubernetesVersion, -2) } } } },
  "version-down": { refused: { previous: { versions: { kubernetes: minor(kubernetesVersion, 1) } } } },
  "pool-endpoint": {
    refused: {
      config: { vip: "192.0.2.9" },
      previous: { endpoint: "https://192.0.2.10:6443" },
      hosts: Object.fromEntries(
        threeHosts.map(({ name }) => [
          name,
          {
            nodes: [...inventory, { name: "p1", address: "192.0.2.31" }].map((host) => ({
              ...{ name: host.name, machineId: `machine-${host.name}`, address: host.address, ready: true },
              owner: host.name === "p1" ? "pool" : "demo",
            })),
          },
        ]),
      ),
    },
    wayOut: {
      config: { vip: "192.0.2.9", keepFormerEndpoints: true },
      previous: { endpoint: "https://192.0.2.10:6443" },
    },
  },
  "empty-group": { refused: { config: { groups: [{ selector: { disk: "nvme" } }] } } },
  "tenant-removal": { refused: { previous: { tenants: { shop: { namespaces: ["shop"] } } } } },
  // Whose a host is.
  "foreign-host": saidByWorker({
    claim: { cluster: "other", clusterId: "f".repeat(16), host: "w1", stack: "x", generation: 1 },
  }),
  "renamed-host": saidByWorker({ claim: { cluster: "demo", clusterId, host: "w9", stack: "demo", generation: 1 } }),
  "foreign-etcd-data": saidByWorker({ populated: ["/var/lib/etcd"] }),
  "directory-change": saidByWorker({ dataDirectories: { node: ["/data/kubelet", "/var/lib/kubelet"] } }),
  "not-mounted": saidByWorker({ unmounted: { "/data/kubelet": "/data" } }),
  "foreign-remnants": saidByWorker({ populated: ["/etc/cni/net.d"], bundles: {} }, { requests: { replace: ["w1"] } }),
  "duplicate-machine-id": { refused: { hosts: { cp2: { machineId: "machine-cp1" } }, requests: { replace: ["cp2"] } } },
  // Restores of etcd's data.
  "restore-under-way": { refused: { hosts: { cp1: { restores: { current: restoreAt("stopped") } } } } },
  "restored-without": {
    refused: {
      hosts: {
        cp1: { restores: { last: restoreAt("serving").id }, etcd: memberOf("cp1", "aa") },
        cp2: { etcd: memberOf("cp2", "aa") },
        cp3: { etcd: memberOf("cp3", "bb") },
      },
    },
  },
  // What a host lacks.
  "port-taken": saidByWorker({
    listeners: [{ protocol: "tcp", address: "*", port: 10250, pid: "7", command: "x", unit: "x.service" }],
  }),
  architecture: saidByWorker({ arch: "arm64" }),
  "missing-command": saidByWorker({ commands: {} }),
  memory: saidByWorker({ memoryKiB: 100_000 }),
  "disk-space": saidByWorker({ diskFreeKiB: { "/opt": 1000 } }),
  "disk-pressure": saidByWorker({
    diskSizeKiB: { "/var/lib/kubelet": 100_000_000 },
    diskFreeKiB: { "/var/lib/kubelet": 9_000_000 },
  }),
  resolver: saidByWorker({ resolvers: { "/etc/resolv.conf": "loopback" } }),
  "forward-drop": saidByWorker({
    forwardDrops: [{ tool: "nft", family: "ip", table: "filter", chain: "FORWARD", from: [], to: [] }],
  }),
  selinux: saidByWorker({ selinux: "enforcing" }),
  firewalld: saidByWorker({ firewalld: { defaultZone: "public", zones: [] } }),
  noexec: saidByWorker({ noexec: { "/opt/plinth": "/opt" } }),
  "clock-skew": saidByWorker({ skew: 60 }),
  swap: saidByWorker({ container: "systemd-nspawn", swapKiB: 1_000_000 }),
  "time-sync": saidByWorker({ timeSync: [] }),
  "kernel-feature": saidByWorker({ features: { overlay: "missing" } }),
  "cgroup-v1": saidByWorker({
    ...{ cgroup: "v1", cgroupControllers: ["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"] },
  }),
  "cgroup-controllers": saidByWorker({ cgroupControllers: ["cpu"] }),
  "nftables-version": saidByWorker({ versions: { nft: "0.9.8" } }),
  "tool-version": saidByWorker({ systemd: "245" }),
  "host-name": saidByWorker({ hostname: "localhost" }),
  "hosts-file": saidByWorker({ ownAddresses: ["198.51.100.9"] }),
};

describe("guards, each by itself", () => {
  it("do not stand in the way of a cluster in service", async () => {
    const { rules, commands } = await outcome({});
    assert.deepEqual(rules, []);
    assert.ok(commands > 0);
  });

  it("are all in this list that can be set aside, but for the one that only runs meet", () => {
    for (const rule of overridable) assert.ok(rule === backupRule || guards[rule], rule);
  });

  it("backup: a run that changes members has a set made first, once, and changes nothing where no target takes it", async () => {
    const asked: string[] = [];
    const backUp = (stored: string[]) => (_hosts: unknown, _config: unknown, reason: string) => {
      asked.push(reason);
      return Promise.resolve({ id: undefined, stored, problems: stored.length > 0 ? [] : ["target disk: it is full"] });
    };
    const leaves: Situation = { inventory: [...without("w1"), successor], config: { backup } };
    assert.deepEqual((await outcome({ ...leaves, backUp: backUp([]) })).rules, []);
    assert.deepEqual(asked, [], "a preview makes none");
    const refused = await outcome({ ...leaves, backUp: backUp([]) }, false);
    assert.deepEqual([refused.rules, refused.commands, asked], [[backupRule], 0, ["before w1 leaves"]]);
    assert.match(refused.warnings.join("\n"), /a set of data before w1 leaves: target disk: it is full/);
    const stored = await outcome({ ...leaves, backUp: backUp(["disk"]) }, false);
    assert.deepEqual([stored.rules, stored.commands > 0], [[], true]);
    const requests = { overrides: [backupRule] };
    assert.deepEqual((await outcome({ ...leaves, requests, backUp: backUp([]) }, false)).rules, []);
    const dead: Situation = { ...leaves, hosts: { w1: "silent" }, requests: { lost: ["w1"] } };
    assert.deepEqual((await outcome({ ...dead, backUp: backUp([]) }, false)).rules, []);
    asked.length = 0;
    assert.deepEqual((await outcome({ config: { backup }, backUp: backUp([]) }, false)).rules, []);
    assert.deepEqual(asked, [], "nothing of that changes");
  });

  for (const [rule, { refused, said, wayOut }] of Object.entries(guards)) {
    it(`${rule} refuses at preview, before anything is declared for a host`, async () => {
      const { rules, commands } = await outcome(refused);
      assert.deepEqual([rules, commands], [[rule], 0]);
    });

    const canBeSetAside = (overridable as readonly string[]).includes(rule);
    const overridden: Situation = { ...refused, requests: { ...refused.requests, overrides: [rule] } };
    it(`${rule} ${canBeSetAside ? "can" : "cannot"} be set aside by name`, async () => {
      const { rules, commands } = await outcome(overridden);
      assert.deepEqual(rules, canBeSetAside ? [] : [rule, "overrides"]);
      assert.equal(commands > 0, canBeSetAside);
    });

    if (said !== undefined) {
      it(`${rule} leaves a worker in service out, and lets the others be changed`, async () => {
        const { rules, commands, warnings } = await outcome(said);
        assert.deepEqual(rules, []);
        assert.ok(commands > 0);
        assert.match(warnings.join("\n"), new RegExp(`^left as it is: w1: .* \\[${rule}\\]; put that right`, "m"));
      });
    }

    if (wayOut !== undefined) {
      it(`${rule} lets the way out pass that it tells`, async () => {
        assert.deepEqual((await outcome(wayOut)).rules, []);
      });
    }
  }

  it("are followed by what protections will refuse that are new, which stops no run", async () => {
    const workloads = ["namespace work - - -", "workload daemonsets work exporter - - |", "unread pods"];
    const about = /^refused at their next start.*DaemonSet work\/exporter \(tolerates every taint\)/m;
    for (const preview of [true, false]) {
      const { rules, commands, warnings } = await outcome({ workloads }, preview);
      assert.deepEqual(rules, []);
      assert.ok(commands > 0);
      assert.match(warnings.join("\n"), about);
      assert.match(warnings.join("\n"), /^not looked at .*: pods$/m);
    }
    const silenced: Situation[] = [
      { workloads, previous: { protections: modesOf(configOf().protections) } },
      { workloads: ["namespace work - - -"] },
    ];
    for (const situation of silenced) assert.doesNotMatch((await outcome(situation)).warnings.join("\n"), /next start/);
    const failed = await outcome({ workloads: new Error("cp1: no way there") });
    assert.deepEqual(failed.rules, []);
    assert.match(failed.warnings.join("\n"), /could not be looked at: cp1: no way there/);
  });

  it("cluster-gone, set aside, starts a new cluster: what is done in a cluster is done again", async function () {
    this.timeout(60_000);
    const declared = async (situation: Situation) => {
      const { registrations } = await record(() => deploy(argsOf(situation)), { state, preview: true });
      const inputsOf = (wanted: string) => registrations.find(({ name }) => name === wanted)?.inputs ?? {};
      return {
        identifier: inputsOf("kubernetes")["clusterIdentifier"],
        steps: ["roster-access", "w1-register"].map((name) => String(inputsOf(name)["create"])),
      };
    };
    const before = await declared({ previous: gone.previous });
    const anew = await declared({ ...gone, requests: { overrides: ["cluster-gone"] } });
    const later = await declared({ previous: { ...gone.previous, incarnation: 1 } });
    assert.deepEqual(
      [before.identifier, anew.identifier, later.identifier],
      [clusterId, `${clusterId}-1`, `${clusterId}-1`],
    );
    for (const step of before.steps) assert.doesNotMatch(step, /INCARNATION/);
    for (const step of [...anew.steps, ...later.steps]) assert.match(step, /^ {2}INCARNATION='1' \\$/m);
  });

  it("cluster-gone, set aside where hosts carry a snapshot, keeps the cluster's objects", async function () {
    this.timeout(60_000);
    const requests = { overrides: ["cluster-gone"] };
    const some = { ...gone.hosts, cp1: "seeded", cp2: "seeded" } as const;
    assert.deepEqual((await outcome({ ...gone, hosts: some, requests })).rules, ["restore-seed"]);
    const situation: Situation = { ...gone, hosts: { ...some, cp3: "seeded" }, requests };
    const { registrations } = await record(() => deploy(argsOf(situation)), { state, preview: true });
    const inputsOf = (wanted: string) => registrations.find(({ name }) => name === wanted)?.inputs ?? {};
    assert.equal(inputsOf("kubernetes")["clusterIdentifier"], clusterId);
    assert.match(String(inputsOf("roster-access")["create"]), /^ {2}INCARNATION='1' \\$/m);
  });

  it("last-control-plane refuses also when all members are said to be lost, and nobody can say what they held", async () => {
    const silent = { cp1: "silent", cp2: "silent", cp3: "silent", cp9: "blank" } as const;
    const all: Situation = { inventory: [another, worker], hosts: silent, requests: { lost: ["cp1", "cp2", "cp3"] } };
    const { rules, commands } = await outcome(all);
    assert.deepEqual([rules, commands], [["last-control-plane"], 0]);
  });

  it("are told all at once, those that are set aside as warnings", async () => {
    const situation: Situation = {
      hosts: { w1: { memoryKiB: 100_000, arch: "arm64", timeSync: [] } },
      previous: { tenants: { shop: { namespaces: ["shop"] } } },
    };
    assert.deepEqual((await outcome(situation)).rules.sort(), [
      "architecture",
      "memory",
      "tenant-removal",
      "time-sync",
    ]);
    const { rules } = await outcome({ ...situation, requests: { overrides: ["memory", "time-sync"] } });
    assert.deepEqual(rules.sort(), ["architecture", "tenant-removal"]);
    assert.equal(pulumi.runtime.isDryRun(), true);
  });

  it("count the Nodes of pools, which share the pod network, and warn before it is full", async () => {
    const ofPools = (count: number): NonNullable<Situation["hosts"]> => {
      const inPools = Array.from({ length: count }, (_, n) => ({
        ...{ name: `p${n}`, machineId: `p${n}`, address: `192.0.2.${100 + n}`, ready: true, owner: "pool" },
      }));
      return Object.fromEntries(threeHosts.map(({ name }) => [name, { nodes: [...ownNodes, ...inPools] }]));
    };
    const config = { podCidr: "10.244.0.0/21" };
    assert.deepEqual((await outcome({ config, hosts: ofPools(5) })).rules, ["pod-network-full"]);
    const { rules, warnings } = await outcome({ config, hosts: ofPools(4) });
    assert.deepEqual(rules, []);
    assert.match(warnings.join("\n"), /enough for 8 Nodes, and there are 8/);
    assert.deepEqual((await outcome({ config, hosts: ofPools(2) })).warnings, []);
  });

  it("tell a preview of plain pulumi that its plugin has no agent to log in by, and refuse an up", async () => {
    const said = await outcome({ pluginAgent: "none" });
    assert.deepEqual(said.rules, []);
    assert.ok(said.commands > 0);
    assert.match(
      said.warnings.join("\n"),
      /^pulumi's command plugin logs in to hosts by the SSH agent.*there is no agent/,
    );
    const refused = await outcome({ pluginAgent: "none" }, false);
    assert.deepEqual([refused.rules, refused.commands], [["ssh-agent"], 0]);
    const agent = { socket: "/run/agent", keys: ["ssh-ed25519 SHA256:any"] };
    assert.deepEqual((await outcome({ pluginAgent: agent })).warnings, []);
  });
});
