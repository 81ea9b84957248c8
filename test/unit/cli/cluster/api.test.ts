import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";
import { ClusterApi } from "../../../../cli/cluster/api.ts";
import { renderKubeconfig } from "../../../../plan/bundles/kubeconfig.ts";

const leases = "/apis/coordination.k8s.io/v1/namespaces";

describe("the API as an administrator looks at it", () => {
  /** Path → status and text. */
  let answers: Record<string, [number, string]>;
  let asked: string[];
  let server: Server;
  let url: string;
  let api: ClusterApi;

  beforeEach(async () => {
    [answers, asked] = [{}, []];
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const [status, text] = answers[request.url ?? ""] ?? [404, "{}"];
      response.writeHead(status).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    api = new ClusterApi(
      stringify({
        clusters: [{ name: "c", cluster: { server: url } }],
        users: [{ name: "u", user: {} }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
  });

  afterEach(async () => {
    api.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it("tells whether a server is ready, and what of it is not", async () => {
    answers["/readyz?verbose"] = [200, "ok"];
    assert.deepEqual(await api.readiness(url), { ready: true, message: "ok" });
    answers["/readyz?verbose"] = [500, "[+]ping ok\n[-]etcd failed: reason withheld\n[-]informer-sync failed\n"];
    const message = "etcd failed: reason withheld; informer-sync failed";
    assert.deepEqual(await api.readiness(url), { ready: false, message });
    answers["/readyz?verbose"] = [502, "<html>"];
    assert.deepEqual(await api.readiness(url), { ready: false, message: "HTTP 502" });
    assert.match((await api.readiness("http://127.0.0.1:1")).message, /ECONNREFUSED/);
  });

  it("tells Nodes, heartbeats and leases, each asked once", async () => {
    const lease = {
      metadata: { name: "w1" },
      spec: { holderIdentity: "w1", renewTime: "2026-06-01T00:00:00.000000Z" },
    };
    answers["/api/v1/nodes?resourceVersion=0"] = [200, '{"items":[{"metadata":{"name":"w1"}}]}'];
    answers[`${leases}/kube-node-lease/leases?resourceVersion=0`] = [200, JSON.stringify({ items: [lease] })];
    answers[`${leases}/kube-system/leases/kube-scheduler`] = [200, JSON.stringify(lease)];
    const nodes = await api.nodes();
    assert.deepEqual("value" in nodes && nodes.value.map(({ name }) => name), ["w1"]);
    const read = { name: "w1", holder: "w1", renewed: Date.parse("2026-06-01T00:00:00Z") };
    assert.deepEqual(await api.heartbeats(), { value: [read] });
    assert.deepEqual(await api.lease("kube-scheduler"), { value: read });
    assert.deepEqual(await api.lease("kube-controller-manager"), { value: undefined }, "nobody has led yet");
    assert.equal(asked.length, 4);
  });

  it("says why there is no answer", async () => {
    answers["/api/v1/nodes?resourceVersion=0"] = [503, "{}"];
    assert.deepEqual(await api.nodes(), { error: "HTTP 503" });
    answers["/api/v1/nodes?resourceVersion=0"] = [200, '{"items":[{}]}'];
    assert.deepEqual(await api.nodes(), { error: "the API's answer makes no sense" });
  });

  it("is found by the kubeconfig of a stack", () => {
    const credential = { pem: "x" };
    const text = renderKubeconfig({
      ...{ cluster: "lab", user: "admin", server: "https://192.0.2.10:6443" },
      ...{ authority: credential, certificate: credential, key: credential },
    });
    assert.doesNotThrow(() => {
      new ClusterApi(text).close();
    });
    assert.throws(() => new ClusterApi("apiVersion: v1\n"), /no context/);
  });
});
