import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { type RunningPlugins, startPlugins } from "../../../plugins/index.ts";
import { testStack, type TestStack } from "../../support/pulumi.ts";
import { startApiServer, type TestApiServer } from "./kubernetesServer.ts";

describe("the bundled kubernetes plugin with a real API server", function () {
  this.timeout(180_000);
  let server: TestApiServer;
  let plugins: RunningPlugins;

  before(async () => {
    server = await startApiServer();
    plugins = await startPlugins();
  });
  after(async () => {
    await plugins.close();
    await server.stop();
  });

  async function stackOf(program: (provider: k8s.Provider) => Record<string, unknown>): Promise<TestStack> {
    return testStack({
      debugProviders: plugins.debugProviders,
      program: () => {
        const { kubeconfig } = server;
        const args = { kubeconfig, enableServerSideApply: true, clusterIdentifier: "test" };
        return Promise.resolve(program(new k8s.Provider("cluster", args)));
      },
    });
  }

  describe("a namespace, a ConfigMap, a Secret and a Deployment", () => {
    let made: TestStack;
    let stack: Stack;
    let replicas = 0;
    let greeting = "hello";

    before(async () => {
      made = await stackOf((provider) => {
        const options = { provider };
        const namespace = new k8s.core.v1.Namespace("ns", { metadata: { name: "app" } }, options);
        const metadata = { namespace: namespace.metadata.name };
        const map = new k8s.core.v1.ConfigMap(
          "map",
          { metadata: { ...metadata, name: "map" }, data: { greeting } },
          options,
        );
        const secret = new k8s.core.v1.Secret("secret", { metadata, stringData: { key: "hunter2" } }, options);
        const labels = { app: "web" };
        const deployment = new k8s.apps.v1.Deployment(
          "web",
          {
            metadata: { ...metadata, name: "web" },
            spec: {
              replicas,
              selector: { matchLabels: labels },
              template: {
                metadata: { labels },
                spec: {
                  hostNetwork: false,
                  containers: [
                    {
                      name: "web",
                      image: "localhost/web:1",
                      resources: { requests: { cpu: "1000m", memory: "1024Mi" } },
                    },
                  ],
                },
              },
            },
          },
          options,
        );
        return {
          uid: deployment.metadata.uid,
          secretName: secret.metadata.name,
          data: secret.data,
          greeting: map.data["greeting"],
        };
      });
      stack = made.stack;
    });
    after(() => made.close());

    it("are previewed without a trace", async () => {
      const { changeSummary } = await stack.preview();
      assert.deepEqual(changeSummary, { create: 6 });
      assert.equal(await server.get("/api/v1/namespaces/app"), undefined);
    });

    it("are created", async () => {
      const { outputs, summary } = await stack.up();
      assert.deepEqual(summary.resourceChanges, { create: 6 });
      assert.match(String(outputs["uid"]?.value), /^[0-9a-f-]{36}$/);
      assert.match(String(outputs["secretName"]?.value), /^secret-[0-9a-f]{8}$/);
      assert.equal(outputs["data"]?.secret, true);
      const deployment = await server.get("/apis/apps/v1/namespaces/app/deployments/web");
      assert.equal((deployment?.["spec"] as { replicas: number }).replicas, 0);
    });

    it("keep the secret out of the state", async () => {
      const state = await made.rawState();
      assert.ok(!state.includes("hunter2") && !state.includes(Buffer.from("hunter2").toString("base64")));
    });

    it("do not change by themselves", async () => {
      await stack.preview({ expectNoChanges: true });
      assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 6 });
      assert.deepEqual((await stack.refresh()).summary.resourceChanges, { same: 5 });
      await stack.preview({ expectNoChanges: true });
    });

    it("are updated in place", async () => {
      replicas = 1;
      const { changeSummary } = await stack.preview();
      assert.deepEqual(changeSummary, { same: 5, update: 1 });
      replicas = 0;
      void greeting;
    });

    it("are deleted", async () => {
      const { summary } = await stack.destroy();
      assert.deepEqual(summary.resourceChanges, { delete: 6 });
      assert.equal(await server.get("/api/v1/namespaces/app"), undefined);
    });
  });
});
