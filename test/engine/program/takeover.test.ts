import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { brotliDecompressSync, zstdCompressSync } from "node:zlib";
import type { Deployment, EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { readPrevious } from "../../../components/previous.ts";
import { deploy } from "../../../components/program.ts";
import { withoutSourcePositions } from "../../../components/sdk.ts";
import { admissionPolicies } from "../../../plan/admissionpolicies.ts";
import { claimGeneration, bundleGeneration, type HostReading } from "../../../plan/facts.ts";
import { noRequests } from "../../../plan/requests.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands, servePlugins } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

/** A state of release 0.1.0 as commit ae76b78 left it: three control-plane hosts and a worker, with a service port. */
const recorded = path.join(import.meta.dirname, "states/first-lab.json.br");

const inventory = [
  ...threeHosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` })),
  { name: "w1", address: "192.0.2.21", roles: ["worker" as const], hostKey: "ssh-ed25519 KEY-w1" },
];
const config = { ...rawConfig, servicePorts: [{ name: "http", port: 80, nodePort: 30080 }] };
const hosts = hostsOf(inventory);

/** The bundles of a host of that release. */
const bundlesThen = (host: string): string[] => [
  "baseline",
  ...(host === "w1" ? [] : ["etcd", "controlplane", "loadbalancer"]),
  ...["runtime", "node"],
];

/**
 * Largest share of one host in a state: bytes of the compressed file, bytes of its resources as JSON, and resources. Half of
 * the JSON is keys and certificates, of which the types of @pulumi/tls repeat what they are made from.
 */
const budgets = {
  cp1: { kept: 150_000, whole: 300_000, count: 60 },
  w1: { kept: 25_000, whole: 60_000, count: 12 },
};

interface Resource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

// What a cluster made by an earlier release goes through at its first `up` with this one. The tests build on each other.
describe("a state that an earlier release has left", function () {
  this.timeout(240_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let plugins: Awaited<ReturnType<typeof servePlugins>>;
  let stack: TestStack;
  let old: Resource[];
  let clusterId: string;

  const inService = (): Map<string, HostReading> =>
    new Map(
      hosts.map(({ name }): [string, HostReading] => {
        const blank = factsOf(name);
        const claim = { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(blank) };
        const complete = { generation: bundleGeneration(blank, "etcd"), state: "complete" as const };
        return [
          name,
          {
            facts: {
              ...blank,
              claim,
              bundles: Object.fromEntries(bundlesThen(name).map((bundle) => [bundle, complete])),
            },
          },
        ];
      }),
    );
  const args = (): ProgramArgs => ({
    stack: "demo",
    config,
    inventory,
    readHosts: () => Promise.resolve(inService()),
    readDigests: () => Promise.resolve(digestsFor(hosts, configOf(config))),
    lockedDigests: undefined,
    readPrevious,
    requests: noRequests,
    lock: () => Promise.resolve(() => Promise.resolve()),
  });

  const resources = async (): Promise<Resource[]> => {
    const { deployment } = (await stack.stack.exportStack()) as { deployment: { resources: Resource[] } };
    return deployment.resources;
  };

  /** Operation → URNs. */
  async function up(): Promise<Map<string, string[]>> {
    const done = new Map<string, string[]>();
    const onEvent = ({ resourcePreEvent }: EngineEvent): void => {
      if (resourcePreEvent === undefined) return;
      const { op, urn } = resourcePreEvent.metadata;
      done.set(op, [...(done.get(op) ?? []), urn]);
    };
    await stack.stack.up({ parallel: 16, onEvent });
    return done;
  }

  const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
  const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

  before(async () => {
    plugins = await servePlugins(commands.definition);
    stack = await testStack({
      program: async () => {
        withoutSourcePositions();
        return { ...(await deploy(args())) };
      },
      debugProviders: plugins.debugProviders,
    });
    const state = JSON.parse(brotliDecompressSync(readFileSync(recorded)).toString()) as Deployment;
    await stack.stack.importStack(state);
    old = await resources();
    clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
  });
  after(async () => {
    await stack.close();
    await plugins.close();
  });

  it("is taken over by one up: no key and no object is made anew but tokens, and nothing of a host is released", async () => {
    const done = await up();
    // Of each token: its successor is made, and it is deleted.
    const replacing = ["create-replacement", "delete-replaced", "replace"];
    assert.deepEqual([...done.keys()].sort(), ["create", "delete", "same", "update", ...replacing].sort());
    for (const operation of replacing)
      assert.deepEqual(
        done.get(operation)?.map(nameOf).sort(),
        hosts.map(({ name }) => `${name}-bootstrap-token`).sort(),
        operation,
      );
    // The roster's credentials are new, and what Nodes may do for kube-proxy and flannel; components around single resources are gone, and
    // so are the keys that hosts now make themselves.
    assert.deepEqual(done.get("create")?.map(nameOf).sort(), [
      // What looks after etcd's members, and gives former addresses of load balancers up, last of all.
      ...["cp1", "cp2", "cp3"].flatMap((host) => [
        ...[`${host}-care`, `${host}-care`],
        ...[`${host}-endpoint`, `${host}-endpoint`],
        ...Array<string>(3).fill(`${host}-roster`),
      ]),
      "node-proxies",
      "node-routes",
      "node-routes",
      // Policies and their bindings.
      ...admissionPolicies({ config: configOf(), hosts }).flatMap(({ name }) => [name, name]),
      "roster-access",
    ]);
    const deleted = done.get("delete") ?? [];
    assert.deepEqual([...new Set(deleted.map(typeOf))].sort(), [
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      "plinth:pki:Leaf",
      "plinth:worker:RosterCommand",
      "tls:index/certRequest:CertRequest",
      "tls:index/locallySignedCert:LocallySignedCert",
      "tls:index/privateKey:PrivateKey",
    ]);
    assert.deepEqual(
      deleted
        .filter((urn) => typeOf(urn).startsWith("tls:index/privateKey"))
        .map(nameOf)
        .sort(),
      hosts.flatMap(({ name }) => ["flannel", "kube-proxy", "kubelet-server"].map((leaf) => `${name}-${leaf}`)).sort(),
    );
    const updated = [...new Set(done.get("update")?.map(typeOf))].sort();
    assert.deepEqual(updated, ["command:remote:Command", "kubernetes:apps/v1:Deployment"]);
    const rolled = done.get("update")?.filter((urn) => typeOf(urn) === "kubernetes:apps/v1:Deployment");
    assert.deepEqual(rolled?.map(nameOf), ["metrics-server"], "it is asked sooner whether it is ready");
    const now = await resources();
    const keys = (list: readonly Resource[]): unknown[][] =>
      list
        .filter(({ type }) => type === "tls:index/selfSignedCert:SelfSignedCert" || type.startsWith("random:"))
        .filter(({ urn }) => !urn.endsWith("-bootstrap-token"))
        .map(({ urn, outputs }) => [urn, outputs?.["certPem"], outputs?.["hex"], outputs?.["id"]])
        .sort();
    assert.deepEqual(keys(now), keys(old));
  });

  it("has nothing left to do afterwards", async () => {
    const done = await up();
    assert.deepEqual([...done.keys()], ["same"]);
  });

  it("shrinks to its budget", async () => {
    // As it is stored, with secrets encrypted.
    const state = JSON.parse(await stack.rawState()) as { checkpoint: { latest: { resources: Resource[] } } };
    const now = state.checkpoint.latest.resources;
    const ofHost = (list: readonly Resource[], host: string): Resource[] =>
      list.filter(({ urn }) => nameOf(urn) === host || nameOf(urn).startsWith(`${host}-`));
    const bytes = (value: unknown): number => JSON.stringify(value).length;
    const stored = (list: readonly Resource[]): number => zstdCompressSync(JSON.stringify(list)).length;
    for (const [host, { kept, whole, count }] of Object.entries(budgets)) {
      const own = ofHost(now, host);
      const largest = own.map((resource) => [bytes(resource), nameOf(resource.urn), typeOf(resource.urn)] as const);
      const sizes = largest.sort(([a], [b]) => b - a).map((line) => line.join(" "));
      // What the state's file grows by for this host.
      const share = stored(now) - stored(now.filter((resource) => !own.includes(resource)));
      assert.ok(share <= kept, `${host} takes ${share} bytes of the state's file; the largest:\n${sizes.join("\n")}`);
      assert.ok(bytes(own) <= whole, `${host} takes ${bytes(own)} bytes uncompressed:\n${sizes.join("\n")}`);
      assert.ok(own.length <= count, `${host} has ${own.length} resources:\n${sizes.join("\n")}`);
    }
    // One argument of a shell holds 128 KiB; half of it leaves room for what is to come.
    for (const { urn, inputs } of now) {
      for (const text of [inputs?.["create"], inputs?.["delete"]]) {
        if (typeof text === "string") assert.ok(text.length < 64_000, urn);
      }
    }
  });
});
