import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { lookAtObjects } from "../../../cli/cluster/objects.ts";
import type { ProgramArgs } from "../../../components/preflight.ts";
import { deploy } from "../../../components/program.ts";
import { readPrevious } from "../../../components/previous.ts";
import { readDeclared } from "../../../plan/declared.ts";
import { bundleGeneration, claimGeneration, type BundleFact, type HostReading } from "../../../plan/facts.ts";
import { judgeObject } from "../../../plan/objectdrift.ts";
import { noRequests } from "../../../plan/requests.ts";
import { kubernetesProvider } from "../../../plugins/kubernetes/index.ts";
import { serveProvider, type RunningProvider } from "../../../plugins/provider/server.ts";
import type { ConfigurableProvider, ProviderDefinition } from "../../../plugins/provider/types.ts";
import { randomProvider } from "../../../plugins/random/index.ts";
import { tlsProvider } from "../../../plugins/tls/index.ts";
import { at } from "../../../kube/object.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { configOf, factsOf, hostsOf, rawConfig, threeHosts, usualBundles } from "../../support/cluster.ts";
import { digestsFor } from "../../support/digests.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { RecordingCommands } from "../../support/recording.ts";
import { stopAtFirstFailure } from "../../support/inOrder.ts";

const hosts = hostsOf(threeHosts.slice(0, 1));
const inventory = hosts.map((host) => ({ ...host, hostKey: `ssh-ed25519 KEY-${host.name}` }));
// A network of one's own: without Nodes nothing in the cluster becomes ready.
const settings = { ...rawConfig, network: "none", tenants: { team: { quota: { "requests.cpu": "10" } } } };
const kubeSystem = "/apis/apps/v1/namespaces/kube-system/deployments";
const merge = "application/merge-patch+json";
const force = "PULUMI_K8S_ENABLE_PATCH_FORCE";

// The whole program, the real engine and an API server; commands are recorded. The tests build on each other.
describe("objects in the cluster that somebody has changed", function () {
  this.timeout(240_000);
  stopAtFirstFailure(this);
  const commands = new RecordingCommands();
  let server: TestApiServer;
  let servers: RunningProvider[] = [];
  let stack: TestStack;
  let clusterId = "";

  before(async () => {
    server = await startApiServer();
    stack = await testStack({ program: async () => ({ ...(await deploy(args())) }), debugProviders: "" });
    await startPlugins();
    await stack.stack.up({ parallel: 16 });
    clusterId = String((await stack.stack.outputs())["clusterId"]?.value);
    await stack.stack.up({ parallel: 16 });
  });
  after(async () => {
    Reflect.deleteProperty(process.env, force);
    await stack.close();
    await Promise.all(servers.map((each) => each.close()));
    await server.stop();
  });

  /** Plugins of a run of their own, as every command has them. */
  async function startPlugins(): Promise<void> {
    await Promise.all(servers.map((each) => each.close()));
    const definitions = [commands.definition, tlsProvider, randomProvider, reaching(server)];
    servers = await Promise.all(definitions.map(serveProvider));
    const ports = servers.map(({ port }, index) => `${definitions[index]?.name ?? ""}:${port}`);
    stack.stack.workspace.envVars["PULUMI_DEBUG_PROVIDERS"] = ports.join(",");
  }

  function args(): ProgramArgs {
    return {
      stack: "demo",
      config: settings,
      inventory,
      readHosts: () => Promise.resolve(new Map(hosts.map(({ name }) => [name, readingOf(name)]))),
      readDigests: () => Promise.resolve(digestsFor(hosts, configOf(settings))),
      lockedDigests: undefined,
      readPrevious,
      requests: noRequests,
      lock: () => Promise.resolve(() => Promise.resolve()),
    };
  }

  /** A blank host, or one that the cluster has in service. */
  function readingOf(name: string): HostReading {
    if (clusterId === "") return { facts: factsOf(name) };
    const claim = { cluster: "demo", clusterId, host: name, stack: "demo", generation: claimGeneration(factsOf(name)) };
    const generation = bundleGeneration(factsOf(name), "etcd");
    const bundles: Record<string, BundleFact> = {};
    for (const { name: bundle } of usualBundles) bundles[bundle] = { generation, state: "complete" };
    return { facts: factsOf(name, { claim, bundles }) };
  }

  const declared = async () => readDeclared(JSON.stringify(await stack.stack.exportStack()));
  const differences = async () =>
    (await lookAtObjects(server.kubeconfig, (await declared()).objects)).flatMap(judgeObject);
  const described = async () => (await differences()).map(({ name, detail }) => `${name} ${detail}`);

  it("are none after an up, and every object is looked at", async () => {
    const { objects, nodes } = await declared();
    assert.ok(objects.length > 25, String(objects.length));
    assert.deepEqual(
      nodes.map(({ name, labels }) => [name, labels["node-role.kubernetes.io/control-plane"]]),
      [["cp1", ""]],
    );
    const seen = await lookAtObjects(server.kubeconfig, objects);
    assert.deepEqual(
      seen.filter(({ reading }) => !("live" in reading)).map(({ declared: { urn }, reading }) => [urn, reading]),
      [],
    );
    assert.deepEqual(await described(), []);
  });

  it("are found by name, field and whoever did it, and others' fields are theirs", async () => {
    await server.send("DELETE", `${kubeSystem}/coredns`, {});
    await server.send(
      "PATCH",
      `${kubeSystem}/metrics-server/scale?fieldManager=kubectl`,
      { spec: { replicas: 0 } },
      merge,
    );
    const service = "/api/v1/namespaces/kube-system/services/kube-dns";
    await server.send(
      "PATCH",
      `${service}?fieldManager=somebody`,
      {
        metadata: { labels: { "k8s-app": null, theirs: "1" }, annotations: { "example.com/note": "1" } },
      },
      merge,
    );
    const team = "/api/v1/namespaces/team/resourcequotas";
    const quotas = at(await server.get(team), "items") as { metadata: { name: string } }[];
    await server.send(
      "PATCH",
      `${team}/${quotas[0]?.metadata.name ?? ""}?fieldManager=somebody`,
      { spec: { hard: { "requests.cpu": "99" } } },
      merge,
    );
    const lines = await described();
    assert.deepEqual(
      lines.toSorted().map((line) => line.replace(/ \(by .*/, "")),
      [
        "Deployment kube-system/coredns is gone",
        "Deployment kube-system/metrics-server spec.replicas is 0 and was declared 1",
        `ResourceQuota team/${quotas[0]?.metadata.name ?? ""} spec.hard["requests.cpu"] is "99" and was declared "10"`,
        'Service kube-system/kube-dns metadata.labels["k8s-app"] is gone',
      ],
    );
    assert.match(lines.join("\n"), /ResourceQuota .* \(by somebody\)/);
  });

  it("of secrets are named without a value", async () => {
    const { objects } = await declared();
    const secret = objects.find(({ object }) => object["kind"] === "Secret");
    const { namespace, name } = at(secret?.object, "metadata") as { namespace: string; name: string };
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const before = await server.get(`${path}/${name}`);
    assert.ok(before);
    await server.send("DELETE", `${path}/${name}`, {});
    const data = { ...(before["data"] as Record<string, string>), "tls.key": "c3RvbGVu" };
    await server.send("POST", path, {
      apiVersion: "v1",
      kind: "Secret",
      type: before["type"] ?? "",
      metadata: { name },
      data,
    });
    const line = (await described()).find((one) => one.startsWith("Secret")) ?? "";
    assert.match(line, /data\["tls\.key"\] is another|cannot be changed back$/);
    assert.doesNotMatch(line, /c3RvbGVu/);
  });

  it("are put right, and nothing else is, when exactly they are read anew", async () => {
    const before = (await stack.stack.exportStack()) as { deployment: { resources: { urn: string }[] } };
    const urns = (await differences()).map(({ urn }) => urn);
    assert.equal(urns.length, 5);
    process.env[force] = "true";
    await startPlugins();
    await stack.stack.refresh({ target: urns, parallel: 16 });
    const touched = new Set<string>();
    const onEvent = ({ resourcePreEvent }: EngineEvent): void => {
      const { op, urn } = resourcePreEvent?.metadata ?? { op: "same", urn: "" };
      if (op !== "same") touched.add(urn);
    };
    await stack.stack.up({ parallel: 16, onEvent });
    assert.deepEqual([...touched].toSorted(), urns.toSorted());
    assert.deepEqual(await described(), []);
    const after = (await stack.stack.exportStack()) as typeof before;
    assert.deepEqual(
      after.deployment.resources.map(({ urn }) => urn).toSorted(),
      before.deployment.resources.map(({ urn }) => urn).toSorted(),
    );
    assert.equal(at(await server.get(`${kubeSystem}/metrics-server`), "spec", "replicas"), 1);
    const labels = at(await server.get("/api/v1/namespaces/kube-system/services/kube-dns"), "metadata", "labels");
    assert.deepEqual([at(labels, "k8s-app"), at(labels, "theirs")], ["kube-dns", "1"]);
    Reflect.deleteProperty(process.env, force);
    await startPlugins();
    const again = await stack.stack.up({ parallel: 16 });
    assert.deepEqual(Object.keys(again.summary.resourceChanges ?? {}), ["same"]);
  });

  it("are not taken for gone where the API does not answer", async () => {
    const { objects } = await declared();
    const nowhere = server.kubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
    const [first] = await lookAtObjects(nowhere, objects.slice(0, 1));
    assert.ok(first && "error" in first.reading);
    assert.deepEqual(judgeObject(first), []);
  });
});

/** The provider for objects, which reaches the test's API server whatever the program's kubeconfig says. */
function reaching({ kubeconfig }: TestApiServer): ProviderDefinition {
  const configurable = kubernetesProvider.configurable as ConfigurableProvider;
  return {
    ...kubernetesProvider,
    configurable: { ...configurable, configure: (config) => configurable.configure({ ...config, kubeconfig }) },
  };
}
