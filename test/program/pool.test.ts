import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { deployPool, type PoolArgs } from "../../components/pool.ts";
import { deploy, type ClusterOutputs } from "../../components/program.ts";
import { planCluster } from "../../plan/bundles/index.ts";
import { artifactPath } from "../../plan/digests.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../../plan/facts.ts";
import { PlinthError } from "../../plan/findings.ts";
import { checkPool, parsePoolMaterial } from "../../plan/pool.ts";
import { noRequests } from "../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, readingsOf, threeHosts } from "../support/cluster.ts";
import { materialOf, poolHosts, rawPool } from "../support/pool.ts";
import { isSecret, plain, record, type Registration } from "../support/recorder.ts";

const hosts = checkPool(poolHosts, rawPool, materialOf()).hosts;
const digests = planCluster([...hostsOf(), ...hosts], configOf())
  .flatMap(({ host, bundle }) =>
    bundle.binaries.map((binary) => `${"a".repeat(64)}  ${artifactPath(binary, host.arch)}`),
  )
  .join("\n");

function argsOf(extra: Partial<PoolArgs> = {}): PoolArgs {
  return {
    stack: "pool",
    config: rawPool,
    inventory: poolHosts,
    readHosts: (access) => {
      assert.deepEqual([...access.keys()], ["w1", "w2"], "only the pool's own hosts are looked at");
      return Promise.resolve(readingsOf(hosts));
    },
    readDigests: () => Promise.resolve(digests),
    readPrevious: () => Promise.resolve(undefined),
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
    readOutputsOf: () => Promise.resolve({ poolMaterial: materialOf() }),
    ...extra,
  };
}

const state = (type: string, name: string) => {
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: `PRIVATE KEY ${name}`, publicKeyPem: name };
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  if (type.includes("randomPassword")) return { result: "k".repeat(32) };
  if (type.includes("randomId")) return { hex: "0123456789abcdef" };
  return { stdout: "", stderr: "" };
};
const run = (args = argsOf()) => record(() => deployPool(args), { state });
const commands = (items: Registration[]) => items.filter((item) => item.type === "command:remote:Command");
const command = (items: Registration[], name: string): Registration => {
  const found = commands(items).find((item) => item.name === name);
  assert.ok(found, name);
  return found;
};
const waitsFor = (items: Registration[], name: string) =>
  commands(items)
    .filter(({ urn }) => command(items, name).dependencies.includes(urn))
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
      ["baseline", "runtime", "node"].map((bundle) => [
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
          ["baseline", "claim", "drain", "node", "register", "runtime"].map((step) => `${host}-${step}`),
        ),
      ],
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

  it("runs the steps of the roster on a control-plane host, with the administrator's credentials as a secret", async () => {
    const { registrations } = await run();
    for (const name of ["w1-drain", "w1-register"]) {
      const { inputs } = command(registrations, name);
      const connection = plain(inputs["connection"]) as Record<string, unknown>;
      assert.equal(plain(connection["host"]), "192.0.2.11");
      assert.equal(plain(connection["hostKey"]), "ssh-ed25519 KEY-cp1");
      assert.ok(isSecret(inputs["stdin"]));
      assert.match(String(plain(inputs["stdin"])), /administrator's kubeconfig/);
    }
  });

  it("signs with the cluster's key and keeps that a secret everywhere", async () => {
    const { registrations } = await run();
    const signed = registrations.filter(({ type }) => type.includes("locallySignedCert"));
    assert.deepEqual(
      signed.map(({ name }) => name).sort(),
      ["w1", "w2"].flatMap((host) => ["flannel", "kube-proxy", "kubelet-server"].map((leaf) => `${host}-${leaf}`)),
    );
    for (const { inputs } of signed) {
      assert.ok(isSecret(inputs["caPrivateKeyPem"]));
      assert.equal(plain(inputs["caPrivateKeyPem"]), "cluster PRIVATE KEY");
    }
    for (const item of registrations)
      for (const [key, value] of Object.entries(item.inputs))
        if (!isSecret(value)) assert.doesNotMatch(JSON.stringify(value), /cluster PRIVATE KEY/, `${item.urn} ${key}`);
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
    const cluster = (await record(() => deploy(args), { state })).registrations;
    for (const name of ["w1-baseline", "w1-runtime", "w1-node", "w1-drain", "w1-register"]) {
      // Each stack answers for its own Nodes.
      const text = String(command(pool, name).inputs["create"]).replace(
        `"plinth/owner": "pool"`,
        `"plinth/owner": "demo"`,
      );
      assert.equal(text, command(cluster, name).inputs["create"], name);
    }
  });

  it("rolls in batches once its hosts are in service", async () => {
    const readHosts = () => Promise.resolve(readingsOf(hosts, { w1: inService("w1"), w2: inService("w2") }));
    const { registrations } = await run(argsOf({ readHosts }));
    assert.deepEqual(waitsFor(registrations, "w1-drain"), ["w1-baseline"]);
    assert.deepEqual(waitsFor(registrations, "w2-baseline"), ["w1-register", "w2-claim"]);
  });

  it("tells where it belongs", async () => {
    const outputs = (await known((await run()).outputs)) as Record<string, unknown>;
    assert.equal(outputs["endpoint"], "https://192.0.2.10:6443");
    assert.equal(outputs["clusterStack"], "organization/plinth/demo");
    assert.deepEqual(outputs["hosts"], {
      w1: { address: "192.0.2.31", roles: ["worker"] },
      w2: { address: "192.0.2.32", roles: ["worker"] },
    });
  });

  it("is refused before any host is touched when the cluster hands nothing over or cannot be read", async () => {
    const rulesOf = async (readOutputsOf: PoolArgs["readOutputsOf"]) => {
      const error: unknown = await run(argsOf({ readOutputsOf })).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      assert.ok(error instanceof PlinthError);
      return error.findings.map(({ rule }) => rule);
    };
    assert.deepEqual(await rulesOf(() => Promise.resolve({})), ["pool-material"]);
    assert.deepEqual(await rulesOf(() => Promise.reject(new Error("no such stack"))), ["cluster-stack"]);
    const material = materialOf({ kubernetesVersion: "1.35.0" });
    assert.deepEqual(await rulesOf(() => Promise.resolve({ poolMaterial: material })), ["pool-version"]);
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
    return (await record(() => deploy(args), { state })).outputs as ClusterOutputs;
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
    assert.equal(material?.authority.key, "PRIVATE KEY kubernetes-ca");
    assert.deepEqual(Object.keys(material.hosts), ["cp1", "cp2", "cp3"]);
    assert.equal(material.controlPlane.length, 3);
  });
});
