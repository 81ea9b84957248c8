import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterOutputs, PoolOutputs } from "../../components/outputs.ts";
import { deployPool, type PoolArgs } from "../../components/pool.ts";
import { deploy } from "../../components/program.ts";
import { bundlesOf } from "../../plan/bringup.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../../plan/facts.ts";
import { PlinthError } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import { poolOutputs } from "../../plan/outputs.ts";
import { checkPool } from "../../plan/pool.ts";
import { parsePoolMaterial } from "../../plan/poolmaterial.ts";
import { parsePreviousRun } from "../../plan/previousrun.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, factsOf, hostsOf, lastHostBundle, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { digestsFor } from "../support/digests.ts";
import { materialOf, poolHosts, rawPool } from "../support/pool.ts";
import { answered } from "../support/program.ts";
import { plain, record, type Registration } from "../support/recorder.ts";

const hosts = checkPool(poolHosts, rawPool, materialOf()).hosts;
/** Of each of them. */
const workerBundles = bundlesOf(hosts[0] as Host, configOf()).map(({ name }) => name);
const digests = digestsFor([...hostsOf(), ...hosts], configOf());

/** The cluster's control plane serves; what else hosts say. */
const reading =
  (replaced: Record<string, HostReading> = {}): PoolArgs["readHosts"] =>
  (access) => {
    const all = readingsOf([...hostsOf(), ...hosts], {
      ...Object.fromEntries(["cp1", "cp2", "cp3"].map((name) => [name, serving(name)])),
      ...replaced,
    });
    return Promise.resolve(
      new Map(
        [...access.keys()].map((name): [string, HostReading] => [name, all.get(name) ?? replaced[name] ?? silent]),
      ),
    );
  };
const silent: HostReading = { failure: "unreachable", message: "no answer within 10 s" };
const serving = (name: string, nodes?: HostFacts["nodes"]): HostReading => ({
  facts: factsOf(name, {
    bundles: Object.fromEntries(
      ["baseline", "etcd", "controlplane"].map((bundle) => [bundle, { generation: 1, state: "complete" as const }]),
    ),
    ...(nodes === undefined ? {} : { nodes }),
  }),
});

function argsOf(extra: Partial<PoolArgs> = {}): PoolArgs {
  return {
    stack: "pool",
    config: rawPool,
    inventory: poolHosts,
    readHosts: reading(),
    readDigests: () => Promise.resolve(digests),
    lockedDigests: undefined,
    readPrevious: () => Promise.resolve({}),
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
    readOutputsOf: () => Promise.resolve({ poolMaterial: materialOf() }),
    ...extra,
  };
}

const run = (args = argsOf()) => record(() => deployPool(args), { state: answered });
const commands = (items: Registration[]) => items.filter((item) => item.type === "command:remote:Command");
const command = (items: Registration[], name: string): Registration => {
  const found = commands(items).find((item) => item.name === name);
  assert.ok(found, name);
  return found;
};
const waitsFor = (items: Registration[], name: string) =>
  commands(items)
    .filter(({ urn }) => command(items, name).waitsFor.includes(urn))
    .map((item) => item.name)
    .sort();
const known = (value: unknown) => (pulumi.output(value) as unknown as { promise(): Promise<unknown> }).promise();
const inService = (name: string): HostReading => ({
  facts: factsOf(name, {
    claim: {
      cluster: "demo",
      clusterId: materialOf().clusterId,
      host: name,
      stack: "pool",
      generation: claimGeneration(factsOf(name)),
    },
    bundles: Object.fromEntries(
      workerBundles.map((bundle) => [
        bundle,
        { generation: bundleGeneration(factsOf(name), "node"), state: "complete" as const },
      ]),
    ),
  }),
});

describe("a worker pool", function () {
  this.timeout(30_000);

  it("is its hosts' claims and steps alone: no authority, no control plane, nothing in the cluster", async () => {
    const { registrations } = await run();
    assert.deepEqual(
      commands(registrations)
        .map(({ name }) => name)
        .sort(),
      [
        "evacuation",
        "roster",
        ...["w1", "w2"].flatMap((host) =>
          ["claim", "drain", "register", ...workerBundles].map((step) => `${host}-${step}`),
        ),
      ].sort(),
    );
    const roster = await known(command(registrations, "roster").inputs["create"]);
    assert.doesNotMatch(String(roster), /member /, "a pool has no say in who is a member of etcd");
    assert.deepEqual(
      registrations.filter(({ type }) => /selfSignedCert|kubernetes:|randomId/.test(type)).map(({ urn }) => urn),
      [],
    );
  });

  it("claims hosts for the cluster, under its own name", async () => {
    const claim = command((await run()).registrations, "w1-claim");
    assert.match(
      String(plain(claim.inputs["stdin"])),
      /cluster demo\ncluster-id 0123456789abcdef\nhost w1\nstack pool\n/,
    );
  });

  it("runs the steps of the roster on a control-plane host, with the credentials that lie there", async () => {
    const { registrations } = await run();
    for (const name of ["w1-drain", "w1-register"]) {
      const { inputs } = command(registrations, name);
      const connection = plain(inputs["connection"]) as Record<string, unknown>;
      const address = String(plain(connection["host"]));
      assert.match(address, /^192\.0\.2\.1[123]$/);
      assert.equal(plain(connection["hostKey"]), `ssh-ed25519 KEY-cp${address.slice(-1)}`);
      assert.doesNotMatch(JSON.stringify(plain(inputs["stdin"]) ?? ""), /administrator's kubeconfig/);
    }
  });

  it("signs nothing, and makes no key of its hosts", async () => {
    const { registrations } = await run();
    assert.deepEqual(
      registrations.filter(({ type }) => type.startsWith("tls:")).map(({ urn }) => urn),
      [],
    );
  });

  it("gives hosts the same bundles as a cluster's own workers get", async () => {
    const pool = (await run()).registrations;
    const args = {
      ...argsOf(),
      stack: "demo",
      config: rawConfig,
      inventory: [...threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })), ...poolHosts],
      readHosts: () => Promise.resolve(readingsOf([...hostsOf(), ...hosts])),
    };
    const cluster = (await record(() => deploy(args), { state: answered })).registrations;
    for (const name of ["w1-baseline", "w1-runtime", "w1-node", "w1-drain", "w1-register"]) {
      // Each stack answers for its own Nodes.
      const text = String(command(pool, name).inputs["create"]).replace(
        `"node-restriction.kubernetes.io/plinth-owner": "pool"`,
        `"node-restriction.kubernetes.io/plinth-owner": "demo"`,
      );
      assert.equal(text, command(cluster, name).inputs["create"], name);
    }
  });

  it("rolls in batches once its hosts are in service", async () => {
    const readHosts = reading({ w1: inService("w1"), w2: inService("w2") });
    const { registrations } = await run(argsOf({ readHosts }));
    assert.deepEqual(waitsFor(registrations, "w1-drain"), [`w1-${lastHostBundle}`, "w1-claim"].sort());
    assert.deepEqual(waitsFor(registrations, "w2-baseline"), ["w1-register", "w2-claim"]);
  });

  it("tells where it belongs", async () => {
    const outputs = (await known((await run()).outputs)) as Record<string, unknown>;
    assert.deepEqual(poolOutputs.strict().parse(outputs), outputs);
    assert.deepEqual(parsePreviousRun("pool", outputs), { previous: outputs, findings: [] });
    assert.equal(outputs["endpoint"], "https://192.0.2.10:6443");
    assert.equal(outputs["clusterStack"], "organization/plinth/demo");
    assert.deepEqual(outputs["hosts"], {
      w1: { address: "192.0.2.31", roles: ["worker"], machineId: "machine-w1", hostKey: "ssh-ed25519 KEY-w1" },
      w2: { address: "192.0.2.32", roles: ["worker"], machineId: "machine-w2", hostKey: "ssh-ed25519 KEY-w2" },
    });
  });

  const previous = {
    hosts: Object.fromEntries(
      ["w1", "w2"].map((name, index) => [
        name,
        { address: `192.0.2.3${index + 1}`, roles: ["worker"], machineId: `machine-${name}` },
      ]),
    ),
    survivors: { roster: "cp2", w1: "cp2", w2: "cp2" },
    rosterGeneration: 3,
  };
  const readPrevious = () => Promise.resolve(previous);
  const hostOf = (items: Registration[], name: string) =>
    plain((plain(command(items, name).inputs["connection"]) as Record<string, unknown>)["host"]);
  const outputsAs = async (args: PoolArgs) => (await known((await run(args)).outputs)) as PoolOutputs;
  const rulesOf = async (args: PoolArgs) => {
    const error: unknown = await run(args).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof PlinthError);
    return error.findings.map(({ rule }) => rule);
  };

  it("goes on by another control-plane host when the one of the last run cannot be reached", async () => {
    const readHosts = reading({ cp2: silent });
    const before = (await run(argsOf({ readPrevious }))).registrations;
    assert.deepEqual(
      ["w1-register", "roster"].map((name) => hostOf(before, name)),
      ["192.0.2.12", "192.0.2.12"],
    );
    const { registrations } = await run(argsOf({ readPrevious, readHosts }));
    for (const name of ["w1-register", "roster"]) assert.notEqual(hostOf(registrations, name), "192.0.2.12", name);
    assert.notEqual((await outputsAs(argsOf({ readPrevious, readHosts }))).survivors["w1"], "cp2");
  });

  it("is refused when no control-plane host can be reached", async () => {
    const readHosts = reading({ cp1: silent, cp2: silent, cp3: silent });
    assert.deepEqual(await rulesOf(argsOf({ readHosts })), ["pool-survivor"]);
  });

  it("refuses Nodes that still carry what another cluster gave them, which was in its cluster's place", async () => {
    const anew = () => Promise.resolve({ poolMaterial: materialOf({ incarnation: 1 }) });
    const served = reading({ w1: inService("w1"), w2: inService("w2") });
    const args = (readHosts: PoolArgs["readHosts"], before: object = previous) =>
      argsOf({ readOutputsOf: anew, readPrevious: () => Promise.resolve({ ...before }), readHosts });
    assert.deepEqual(await rulesOf(args(served)), ["cluster-remains", "cluster-remains"]);
    assert.equal((await outputsAs(args(reading()))).incarnation, 1, "they were reset");
    assert.equal(
      (await outputsAs(args(served, { ...previous, incarnation: 1 }))).incarnation,
      1,
      "they have joined it",
    );
  });

  it("leaves a host as it is that cannot be reached, and nothing waits for it", async () => {
    const readHosts = reading({ w1: silent, w2: inService("w2") });
    const { registrations } = await run(argsOf({ readPrevious, readHosts }));
    for (const name of ["w1-claim", "w1-runtime", "w1-register"])
      assert.ok(command(registrations, name).ignoreChanges.includes("create"), name);
    assert.deepEqual(command(registrations, "w2-runtime").ignoreChanges, []);
    assert.ok(
      commands(registrations).every(
        ({ name, waitsFor }) => name.startsWith("w1-") || !waitsFor.some((urn) => /::w1-/.test(urn)),
      ),
    );
    assert.match(String(await known(command(registrations, "roster").inputs["stdin"])), /node w1 machine-w1/);
    // A host that has never been there is waited for.
    assert.deepEqual(await rulesOf(argsOf({ readHosts })), ["host-unreachable"]);
  });

  it("refuses a host that leaves and does not answer until it is said to be lost, and one that comes back until it is reset", async () => {
    const inventory = poolHosts.slice(1);
    const readHosts = reading({ w1: silent });
    assert.deepEqual(await rulesOf(argsOf({ inventory, readPrevious, readHosts })), ["leaving-unreachable"]);
    const requests = { ...noRequests, lost: ["w1"] };
    const { lost } = await outputsAs(argsOf({ inventory, readPrevious, readHosts, requests }));
    assert.deepEqual(lost, { w1: { address: "192.0.2.31", roles: ["worker"] } });
    const back = argsOf({
      readHosts: reading({ w1: inService("w1") }),
      readPrevious: () => Promise.resolve({ ...previous, lost }),
    });
    assert.deepEqual(await rulesOf(back), ["tombstone"]);
  });

  it("looks after the Nodes of its own stack alone", async () => {
    const node = (name: string, owner: string, extra: object = {}) => ({ name, owner, ready: true, ...extra });
    const others = [node("x1", "demo", { leaving: "uncordon" }), node("cp1", "demo")];
    const readHosts = (...nodes: NonNullable<HostFacts["nodes"]>) =>
      reading({ cp1: serving("cp1", nodes), w1: inService("w1"), w2: inService("w2") });
    const generationWith = async (mark: object) => {
      const nodes = readHosts(...others, node("w1", "pool", mark));
      return (await outputsAs(argsOf({ readPrevious, readHosts: nodes }))).rosterGeneration;
    };
    assert.equal(await generationWith({}), 3);
    assert.equal(await generationWith({ leaving: "uncordon" }), 4, "it stays after all");
    // One that a run which was killed has left behind leaves like any other.
    const orphan = node("w9", "pool", { address: "192.0.2.39" });
    assert.deepEqual(await rulesOf(argsOf({ readPrevious, readHosts: readHosts(...others, orphan) })), [
      "leaving-unreachable",
    ]);
  });

  it("brings a Node back whose drain has come to nothing, because the run was killed and the change given up", async () => {
    const [w1, w2] = ["w1", "w2"].map((name) => ({ name, owner: "pool", ready: true }));
    assert.ok(w1 && w2);
    const others = { w1: inService("w1"), w2: inService("w2") };
    const texts = async (nodes: HostFacts["nodes"]) => {
      const readHosts = reading({ ...others, cp1: serving("cp1", nodes) });
      const { registrations } = await run(argsOf({ readPrevious, readHosts }));
      return Promise.all(
        ["w1-register", "w2-register", "w1-runtime"].map((name) =>
          known(command(registrations, name).inputs["create"]),
        ),
      );
    };
    const [before, after] = [await texts([w1, w2]), await texts([{ ...w1, drained: "uncordon" }, w2])];
    assert.deepEqual(
      before.map((text, index) => text === after[index]),
      [false, true, true],
    );
  });

  it("makes good what drift has found", async () => {
    const requests = { ...noRequests, heal: ["w1/node", "roster"] };
    const readHosts = reading({ w1: inService("w1"), w2: inService("w2") });
    assert.equal((await outputsAs(argsOf({ readPrevious, readHosts, requests }))).rosterGeneration, 4);
    const text = async (args: PoolArgs, name: string) =>
      String(await known(command((await run(args)).registrations, name).inputs["create"]));
    const [plainly, healing] = [argsOf({ readPrevious, readHosts }), argsOf({ readPrevious, readHosts, requests })];
    assert.notEqual(await text(healing, "w1-node"), await text(plainly, "w1-node"));
    assert.equal(await text(healing, "w2-node"), await text(plainly, "w2-node"));
  });

  it("is refused before any host is touched when the cluster hands nothing over or cannot be read", async () => {
    assert.deepEqual(await rulesOf(argsOf({ readOutputsOf: () => Promise.resolve({}) })), ["pool-material"]);
    assert.deepEqual(await rulesOf(argsOf({ readOutputsOf: () => Promise.reject(new Error("no such stack")) })), [
      "cluster-stack",
    ]);
    const material = materialOf({ kubernetesVersion: "1.35.0" });
    assert.deepEqual(await rulesOf(argsOf({ readOutputsOf: () => Promise.resolve({ poolMaterial: material }) })), [
      "pool-version",
    ]);
  });
});

describe("what a cluster hands to pools", function () {
  this.timeout(30_000);
  const outputsOf = async (extra: object) => {
    const args = {
      ...argsOf(),
      config: { ...rawConfig, ...extra },
      inventory: threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
      readHosts: () => Promise.resolve(readingsOf(hostsOf())),
    };
    return (await record(() => deploy(args), { state: answered })).outputs as ClusterOutputs;
  };

  it("is no output unless it is asked for", async () => {
    assert.ok(!("poolMaterial" in (await outputsOf({}))));
  });

  it("is a secret that a pool can read", async () => {
    const { poolMaterial } = await outputsOf({ exportPoolMaterial: "true" });
    assert.ok(poolMaterial);
    assert.equal(await pulumi.isSecret(poolMaterial), true);
    const { material, findings } = parsePoolMaterial("demo", await known(poolMaterial));
    assert.deepEqual(findings, []);
    assert.doesNotMatch(JSON.stringify(material), /PRIVATE KEY|kubeconfig/);
    assert.ok(material);
    assert.deepEqual(Object.keys(material.hosts), ["cp1", "cp2", "cp3"]);
    assert.equal(material.controlPlane.length, 3);
  });
});
