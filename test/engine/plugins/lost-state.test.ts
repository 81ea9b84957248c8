import assert from "node:assert/strict";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { deploy } from "../../../components/program.ts";
import { readPrevious } from "../../../components/previous.ts";
import { bundleGeneration, claimGeneration, type BundleFact, type HostReading } from "../../../plan/facts.ts";
import { noRequests } from "../../../plan/requests.ts";
import { kubernetesProvider } from "../../../plugins/kubernetes/index.ts";
import { serveProvider, type RunningProvider } from "../../../plugins/provider/server.ts";
import { at } from "../../../kube/object.ts";
import type { ConfigurableProvider, ProviderDefinition } from "../../../plugins/provider/types.ts";
import type { PropertyMap } from "../../../plugins/provider/values.ts";
import { randomProvider } from "../../../plugins/random/index.ts";
import { tlsProvider } from "../../../plugins/tls/index.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts, usualBundles } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

/** What the tests read of a resource in an exported state. */
interface StoredResource {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  custom: boolean;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  deletedWith?: string;
}
type Changes = Record<string, number>;

const rbac = "kubernetes:rbac.authorization.k8s.io/v1";
/** Kinds of objects that the program declares. */
const kinds = [
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
  "kubernetes:apiregistration.k8s.io/v1:APIService",
  "kubernetes:apps/v1:Deployment",
  "kubernetes:core/v1:ConfigMap",
  "kubernetes:core/v1:LimitRange",
  "kubernetes:core/v1:Namespace",
  "kubernetes:core/v1:ResourceQuota",
  "kubernetes:core/v1:Secret",
  "kubernetes:core/v1:Service",
  "kubernetes:core/v1:ServiceAccount",
  "kubernetes:policy/v1:PodDisruptionBudget",
  `${rbac}:ClusterRole`,
  `${rbac}:ClusterRoleBinding`,
  `${rbac}:RoleBinding`,
];
const provider = "pulumi:providers:kubernetes";
const others = [
  "command:remote:Command",
  "random:index/randomId:RandomId",
  "random:index/randomPassword:RandomPassword",
  "tls:index/certRequest:CertRequest",
  "tls:index/locallySignedCert:LocallySignedCert",
  "tls:index/privateKey:PrivateKey",
  "tls:index/selfSignedCert:SelfSignedCert",
];

const isObject = ({ type }: StoredResource): boolean => type.startsWith("kubernetes:");

const hosts = hostsOf(threeHosts.slice(0, 1));
const inventory = hosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
// A network of one's own: without Nodes nothing in the cluster becomes ready.
const config = {
  ...rawConfig,
  network: "none",
  tenants: { team: { quota: { "requests.cpu": "10" } } },
};

// The whole program, the real engine, an API server with everything in it, and commands that are recorded instead of run.
// The tests build on each other's state.
describe("a state that lost a resource", function () {
  this.timeout(180_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let server: TestApiServer;
  let servers: RunningProvider[] = [];
  let stack: TestStack;
  let clusterId = "";
  let claimed = false;
  let settings: Record<string, unknown> = config;

  before(async () => {
    server = await startApiServer();
    const definitions = [commands.definition, tlsProvider, randomProvider, reaching(server)];
    servers = await Promise.all(definitions.map(serveProvider));
    const ports = servers.map(({ port }, index) => `${definitions[index]?.name ?? ""}:${port}`);
    stack = await testStack({
      program: async () => ({ ...(await deploy(args())) }),
      debugProviders: ports.join(","),
    });
    await up();
    clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    claimed = true;
  });
  after(async () => {
    await stack.close();
    await Promise.all(servers.map((each) => each.close()));
    await server.stop();
  });

  function args(): ProgramArgs {
    const digests = digestsFor(hosts, configOf(settings));
    return {
      stack: "demo",
      config: settings,
      inventory,
      readHosts: () => Promise.resolve(new Map(hosts.map(({ name }) => [name, readingOf(name)]))),
      readDigests: () => Promise.resolve(digests),
      lockedDigests: undefined,
      readPrevious,
      requests: noRequests,
      lock: () => Promise.resolve(() => Promise.resolve()),
    };
  }

  /** A blank host, or one that the cluster has in service. */
  function readingOf(name: string): HostReading {
    if (!claimed) return { facts: factsOf(name) };
    const claim = { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(factsOf(name)) };
    const generation = bundleGeneration(factsOf(name), "etcd");
    const bundles: Record<string, BundleFact> = {};
    for (const { name: bundle } of usualBundles) bundles[bundle] = { generation, state: "complete" };
    return { facts: factsOf(name, { claim, bundles }) };
  }

  /** What an up changes. */
  async function up(): Promise<Changes> {
    return changesOf((await stack.stack.up({ parallel: 16 })).summary);
  }

  /** What an up creates, updates, replaces and deletes: `create PrivateKey cp1-kubelet`, …, sorted. */
  async function steps(): Promise<string[]> {
    const done: string[] = [];
    await stack.stack.up({
      parallel: 16,
      onEvent: ({ resourcePreEvent: event }) => {
        const { op, urn } = event?.metadata ?? { op: "same", urn: "" };
        if (["create", "update", "replace", "delete"].includes(op)) done.push(`${op} ${titleOf(urn)}`);
      },
    });
    return done.sort();
  }

  const failureOfUp = (): Promise<string> =>
    stack.stack.up({ parallel: 16 }).then(
      () => assert.fail("must fail"),
      (error: unknown) => String(error),
    );

  async function resources(): Promise<StoredResource[]> {
    return resourcesOf(await stack.stack.exportStack());
  }

  /** Changes resources in the state. */
  async function edit(change: (resource: StoredResource) => void): Promise<void> {
    const state = await stack.stack.exportStack();
    resourcesOf(state).forEach(change);
    await stack.stack.importStack(state);
  }

  /** Takes resources out of the state, with all that points to them; says how many. */
  async function lose(isLost: (resource: StoredResource) => boolean): Promise<number> {
    const state = await stack.stack.exportStack();
    const all = resourcesOf(state);
    const lost = new Set(all.filter(isLost).map(({ urn }) => urn));
    const left = all.filter(({ urn }) => !lost.has(urn)).map((resource) => without(resource, lost));
    await stack.stack.importStack({ ...state, deployment: { ...(state.deployment as object), resources: left } });
    return lost.size;
  }

  const losing = (type: string, name = /./) =>
    lose((resource) => resource.type === type && name.test(resource.urn.split("::").at(-1) ?? ""));

  /** uid → kind and name of everything that the program made in the cluster. */
  async function uids(): Promise<Map<string, string>> {
    const state = await stack.stack.exportStack();
    return new Map(
      resourcesOf(state)
        .filter(isObject)
        .map(({ type, outputs }) => {
          const { uid, name } = outputs["metadata"] as { uid: string; name: string };
          return [uid, `${type} ${name}`];
        }),
    );
  }

  /** The next run changes nothing. */
  async function assertConverged(): Promise<void> {
    assert.deepEqual(await up(), {});
    commands.take();
  }

  it("is about every type that the program declares", async () => {
    const found = new Set((await resources()).filter(({ custom }) => custom).map(({ type }) => type));
    for (const type of ["tls", "random", "command", "pulumi"]) found.delete(`pulumi:providers:${type}`);
    assert.deepEqual([...found].sort(), [...kinds, provider, ...others].sort());
    await assertConverged();
  });

  it("of the cluster's objects and their provider: takes over each of them as it is", async () => {
    const before = await uids();
    const lost = await lose((resource) => isObject(resource) || resource.type === provider);
    assert.equal(lost, before.size + 1);
    assert.deepEqual(await up(), { create: lost });
    assert.deepEqual(await uids(), before);
    await assertConverged();
    assert.deepEqual(changesOf((await stack.stack.refresh()).summary), {});
  });

  it("of objects that were changed since: changes them, and drops what is no longer declared", async () => {
    const before = await uids();
    await lose(isObject);
    settings = { ...config, tenants: { team: { quota: { pods: "7" } } }, corednsImage: "registry.example/coredns:v1" };
    const { update = 0, ...more } = await up();
    assert.deepEqual([update, more], [0, { create: before.size - 1 }], "the LimitRange is not declared any more");
    const quota = await server.get("/api/v1/namespaces/team/resourcequotas/plinth-tenant");
    assert.deepEqual(at(quota, "spec", "hard"), { pods: "7" });
    const deployment = await server.get("/apis/apps/v1/namespaces/kube-system/deployments/coredns");
    assert.match(JSON.stringify(deployment), /registry.example\/coredns:v1/);
    await assertConverged();
    settings = config;
    // What the lost state knew alone is nobody's: it is taken over when it is declared again.
    assert.deepEqual(await up(), { create: 1, update: 2 });
    await assertConverged();
  });

  it("of an earlier Plinth, whose provider took nothing over: updates the provider, and nothing that it made", async () => {
    const before = await uids();
    await edit((resource) => {
      if (resource.type === provider) {
        delete resource.inputs["upsertExistingObjects"];
        delete resource.outputs["upsertExistingObjects"];
      }
    });
    assert.deepEqual((await stack.stack.preview({ parallel: 16 })).changeSummary["update"], 1);
    assert.deepEqual(await up(), { update: 1 });
    assert.deepEqual(await uids(), before);
    await assertConverged();
  });

  it("of commands: runs them again, as they converge", async () => {
    commands.take();
    const lost = await losing("command:remote:Command");
    assert.deepEqual(await up(), { create: lost });
    assert.equal(commands.take().length, lost);
    await assertConverged();
  });

  it("of keys, requests, certificates and tokens: makes others, and brings them to where they are used", async () => {
    const lost = [
      "CertRequest cp1-apiserver",
      "LocallySignedCert cp1-etcd-server",
      "PrivateKey cp1-scheduler",
      "RandomPassword cp1-bootstrap-token",
    ];
    assert.equal(await lose(({ urn }) => lost.includes(titleOf(urn))), lost.length);
    assert.deepEqual(await steps(), [
      ...lost.map((title) => `create ${title}`),
      "replace CertRequest cp1-scheduler",
      "replace LocallySignedCert cp1-apiserver",
      "replace LocallySignedCert cp1-scheduler",
      "update Command cp1-controlplane",
      "update Command cp1-drain",
      "update Command cp1-etcd",
      "update Command cp1-node",
      "update Command cp1-register",
    ]);
    await assertConverged();
  });

  it("of the cluster's id: is refused, as the hosts bear the lost one", async () => {
    const whole = await stack.stack.exportStack();
    await losing("random:index/randomId:RandomId");
    assert.match(await failureOfUp(), /cp1: the host belongs to cluster demo \(id [0-9a-f]{16}, .*\[foreign-host\]/);
    assert.deepEqual(commands.take(), []);
    await stack.stack.importStack(whole);
  });

  it("of an authority's key: is refused, as the certificate of the lost one is protected", async () => {
    const whole = await stack.stack.exportStack();
    await losing("tls:index/privateKey:PrivateKey", /^kubernetes-ca$/);
    assert.match(await failureOfUp(), /unable to replace resource .*kubernetes-ca.*protect/s);
    assert.deepEqual(commands.take(), []);
    await stack.stack.importStack(whole);
  });

  it("of an authority's certificate: makes another one of the same key, and brings it to all who trust it", async () => {
    await losing("tls:index/selfSignedCert:SelfSignedCert", /^front-proxy-ca$/);
    assert.deepEqual(await steps(), [
      "create SelfSignedCert front-proxy-ca",
      "replace LocallySignedCert cp1-front-proxy-client",
      "update Command cp1-controlplane",
    ]);
    await assertConverged();
  });

  // Nothing but the state knows these: what they signed or encrypted before is lost with them.
  it("of an authority as a whole, of the service accounts' key and of the encryption key: makes others", async () => {
    const lost = [
      "PrivateKey front-proxy-ca",
      "PrivateKey service-account",
      "RandomPassword encryption-key",
      "SelfSignedCert front-proxy-ca",
    ];
    assert.equal(await lose(({ urn }) => lost.includes(titleOf(urn))), lost.length);
    assert.deepEqual(await steps(), [
      ...lost.map((title) => `create ${title}`),
      "replace LocallySignedCert cp1-front-proxy-client",
      "update Command cp1-controlplane",
    ]);
    await assertConverged();
  });
});

/** The bundled provider, led to a server that is not where the program's hosts are. */
function reaching(server: TestApiServer): ProviderDefinition {
  const { configurable } = kubernetesProvider;
  assert.ok(configurable);
  const led: ConfigurableProvider = {
    ...configurable,
    configure: (settings: PropertyMap) => configurable.configure({ ...settings, kubeconfig: server.kubeconfig }),
  };
  return { ...kubernetesProvider, configurable: led };
}

/** Kinds of operations that change something → how many. */
function changesOf(summary: { resourceChanges?: Record<string, number> | undefined }): Changes {
  const entries = Object.entries(summary.resourceChanges ?? {});
  return Object.fromEntries(entries.filter(([kind]) => kind !== "same" && kind !== "read"));
}

const resourcesOf = ({ deployment }: Deployment): StoredResource[] =>
  (deployment as { resources: StoredResource[] }).resources;

/** `PrivateKey kubernetes-ca` of a URN. */
function titleOf(urn: string): string {
  const [, , type = "", name = ""] = urn.split("::");
  return `${type.split(":").at(-1) ?? ""} ${name}`;
}

function without(resource: StoredResource, lost: ReadonlySet<string>): StoredResource {
  const kept = (urns: readonly string[] | null | undefined) => (urns ?? []).filter((urn) => !lost.has(urn));
  const { deletedWith, ...rest } = resource;
  return {
    ...rest,
    ...(deletedWith === undefined || lost.has(deletedWith) ? {} : { deletedWith }),
    dependencies: kept(resource.dependencies),
    propertyDependencies: Object.fromEntries(
      Object.entries(resource.propertyDependencies ?? {}).map(([property, urns]) => [property, kept(urns)]),
    ),
  };
}
