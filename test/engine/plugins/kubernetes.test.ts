import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import type { Stack, PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { type RunningPlugins, startPlugins } from "../../../plugins/index.ts";
import { at } from "../../../kube/object.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";

const APP = "/api/v1/namespaces/app";
const WEB = "/apis/apps/v1/namespaces/app/deployments/web";

/** What the program makes; tests change it between runs. */
interface Desired {
  greeting: string;
  replicas: number;
  image: string;
  labelKey: string;
  conflicting: boolean;
  broken: boolean;
}

describe("the bundled kubernetes plugin under the real engine", function () {
  this.timeout(180_000);
  let server: TestApiServer;
  let plugins: RunningPlugins;
  let made: TestStack;
  let stack: Stack;
  let desired: Desired = {
    greeting: "hello",
    replicas: 0,
    image: "localhost/web:1",
    labelKey: "app",
    conflicting: false,
    broken: false,
  };

  before(async () => {
    server = await startApiServer();
    plugins = await startPlugins();
    made = await testStack({ program, debugProviders: plugins.debugProviders });
    stack = made.stack;
  });
  after(async () => {
    await made.close();
    await plugins.close();
    await server.stop();
  });

  // Not async: the Automation API wants a function that returns a promise.
  function program(): ReturnType<PulumiFn> {
    const { kubeconfig } = server;
    const args = { kubeconfig, enableServerSideApply: true, clusterIdentifier: "test" };
    const provider = new k8s.Provider("cluster", args);
    const namespace = new k8s.core.v1.Namespace("ns", { metadata: { name: "app" } }, { provider });
    const metadata = { namespace: namespace.metadata.name };
    const map = new k8s.core.v1.ConfigMap(
      "map",
      { metadata: { ...metadata, name: "map" }, data: { greeting: desired.greeting } },
      { provider },
    );
    const secret = new k8s.core.v1.Secret("secret", { metadata, stringData: { key: "hunter2" } }, { provider });
    const labels = { [desired.labelKey]: "web" };
    const annotations: Record<string, string> = desired.broken ? { "pulumi.com/timeoutSeconds": "8" } : {};
    const deployment = new k8s.apps.v1.Deployment(
      "web",
      {
        metadata: { ...metadata, name: "web", annotations },
        spec: {
          replicas: desired.replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              hostNetwork: false,
              nodeSelector: {},
              containers: [
                {
                  name: "web",
                  image: desired.image,
                  env: [{ name: "EMPTY", value: "" }],
                  resources: { requests: { cpu: "1000m", memory: "1024Mi" } },
                },
              ],
            },
          },
        },
      },
      { provider },
    );
    return Promise.resolve({
      uid: deployment.metadata.uid,
      secretName: secret.metadata.name,
      data: secret.data,
      greeting: map.data["greeting"],
    });
  }

  /** The message of a failing run. */
  async function failureOf(run: Promise<unknown>): Promise<string> {
    return run.then(
      () => assert.fail("must fail"),
      (error: unknown) => String(error),
    );
  }

  it("previews without a trace on the server", async () => {
    assert.deepEqual((await stack.preview()).changeSummary, { create: 6 });
    assert.equal(await server.get(APP), undefined);
  });

  it("creates a namespace, a ConfigMap, a Secret and a Deployment", async () => {
    const { outputs, summary } = await stack.up();
    assert.deepEqual(summary.resourceChanges, { create: 6 });
    assert.match(String(outputs["uid"]?.value), /^[0-9a-f-]{36}$/);
    assert.match(String(outputs["secretName"]?.value), /^secret-[0-9a-f]{8}$/);
    assert.equal(outputs["data"]?.secret, true);
    assert.equal(at(await server.get(WEB), "spec", "replicas"), 0);
  });

  it("keeps secrets encrypted in the state, whatever form they have", async () => {
    const state = await made.rawState();
    for (const text of ["hunter2", Buffer.from("hunter2").toString("base64"), "engine-test-token"]) {
      assert.ok(!state.includes(text), text);
    }
  });

  it("changes nothing when nothing changed, also after a refresh", async () => {
    await stack.preview({ expectNoChanges: true });
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 6 });
    await stack.refresh();
    await stack.preview({ expectNoChanges: true });
  });

  it("updates in place, and previews the update by a dry run", async () => {
    desired = { ...desired, image: "localhost/web:2" };
    const { changeSummary, stdout } = await stack.preview({ diff: true });
    assert.deepEqual(changeSummary, { same: 5, update: 1 });
    assert.match(stdout, /localhost\/web:1" => "localhost\/web:2/);
    const before = await server.get(WEB);
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 5, update: 1 });
    const after = await server.get(WEB);
    assert.equal(at(after, "metadata", "uid"), at(before, "metadata", "uid"));
    assert.match(JSON.stringify(after), /localhost\/web:2/);
    await stack.preview({ expectNoChanges: true });
  });

  it("replaces what is immutable, deleting first under a fixed name", async () => {
    const before = await server.get(WEB);
    desired = { ...desired, labelKey: "name", greeting: "bye" };
    assert.deepEqual((await stack.preview()).changeSummary, { same: 4, replace: 2 });
    const { summary, outputs } = await stack.up();
    assert.deepEqual(summary.resourceChanges, { same: 4, replace: 2 });
    assert.equal(outputs["greeting"]?.value, "bye");
    const after = await server.get(WEB);
    assert.notEqual(at(after, "metadata", "uid"), at(before, "metadata", "uid"));
  });

  it("reports fields that another manager owns, and does not take them", async () => {
    await stack.up();
    const theirs = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 0 } };
    // The first update of ours gives us the fields; then another manager takes one by force.
    desired = { ...desired, image: "localhost/web:3" };
    await stack.up();
    await server.send("PATCH", `${WEB}?fieldManager=scaler&force=true`, theirs, "application/apply-patch+yaml");
    await server.send(
      "PATCH",
      `${WEB}?fieldManager=scaler&force=true`,
      { ...theirs, spec: { replicas: 0, paused: true } },
      "application/apply-patch+yaml",
    );
    desired = { ...desired, replicas: 2 };
    const failure = await failureOf(stack.up());
    assert.match(failure, /Deployment app\/web was not updated by field manager "pulumi-kubernetes-[0-9a-f]{8}"/);
    assert.match(failure, /\.spec\.replicas \(owned by "scaler"\)/);
    assert.equal(at(await server.get(WEB), "spec", "replicas"), 0);
    desired = { ...desired, replicas: 0 };
    await stack.preview({ expectNoChanges: true });
  });

  it("finds drift by a refresh and puts it back", async () => {
    const changed = { data: { greeting: "tampered" } };
    await server.send("PATCH", `${APP}/configmaps/map`, changed, "application/merge-patch+json");
    await stack.preview({ expectNoChanges: true });
    await stack.refresh();
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 5, replace: 1 });
    assert.equal(at(await server.get(`${APP}/configmaps/map`), "data", "greeting"), "bye");
  });

  it("makes again what was deleted behind its back", async () => {
    await server.send("DELETE", `${APP}/configmaps/map`, {});
    await stack.refresh();
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 5, create: 1 });
  });

  it("says why a rollout does not become ready, keeps its state, and tries again", async () => {
    const scaled = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: {} };
    await server.send("PATCH", `${WEB}?fieldManager=scaler`, scaled, "application/apply-patch+yaml");
    desired = { ...desired, replicas: 1, broken: true };
    const failure = await failureOf(stack.up());
    assert.match(failure, /Deployment app\/web: not ready within 8 s: 0 of 1 replicas are available/);
    assert.equal(at(await server.get(WEB), "spec", "replicas"), 1);
    desired = { ...desired, replicas: 0 };
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 5, update: 1 });
    await stack.preview({ expectNoChanges: true });
  });

  it("fails with one sentence when the cluster is unreachable, and previews from inputs", async () => {
    const { kubeconfig } = server;
    server.kubeconfig = kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:1");
    desired = { ...desired, image: "localhost/web:4" };
    const { stdout } = await stack.preview();
    assert.match(
      stdout,
      /configured Kubernetes cluster is unreachable: The API server https:\/\/127\.0\.0\.1:1 cannot/,
    );
    server.kubeconfig = kubeconfig;
    desired = { ...desired, image: "localhost/web:3" };
  });

  it("deletes everything and waits until it is gone", async () => {
    await stack.up();
    assert.deepEqual((await stack.destroy()).summary.resourceChanges, { delete: 6 });
    assert.equal(await server.get(APP), undefined);
  });

  it("keeps providers of different configurations apart, at creation and when only the state knows them", async () => {
    const two = await testStack({
      debugProviders: plugins.debugProviders,
      program: () => {
        for (const namespace of ["default", "kube-public"]) {
          const provider = new k8s.Provider(namespace, { kubeconfig: server.kubeconfig, namespace });
          new k8s.core.v1.ConfigMap(namespace, { metadata: { name: "apart" } }, { provider });
        }
        return Promise.resolve({});
      },
    });
    const apart = (namespace: string) => server.get(`/api/v1/namespaces/${namespace}/configmaps/apart`);
    try {
      await two.stack.up();
      assert.ok((await apart("default")) !== undefined && (await apart("kube-public")) !== undefined);
      await two.stack.destroy();
      assert.ok((await apart("default")) === undefined && (await apart("kube-public")) === undefined);
    } finally {
      await two.close();
    }
  });
});
