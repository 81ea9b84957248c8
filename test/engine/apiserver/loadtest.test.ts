import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { reportOf } from "../../../cli/loadtest/assemble.ts";
import type { HostLook } from "../../../cli/loadtest/hosts.ts";
import { TestObjects } from "../../../cli/loadtest/objects.ts";
import { runLoadTest, type LoadTestRun } from "../../../cli/loadtest/run.ts";
import { sweep } from "../../../cli/loadtest/sweep.ts";
import { ApiClient } from "../../../kube/client.ts";
import { loadAccess } from "../../../kube/kubeconfig.ts";
import { parsePodList } from "../../../plan/loadtest/podstart.ts";
import { loadOf } from "../../../plan/loadtest/profiles.ts";
import { reportSchema, type LoadTestReport } from "../../../plan/loadtest/report.ts";
import type { ListedNode } from "../../../plan/nodes.ts";
import type { Observation } from "../../../cli/status/types.ts";
import { startApiServer, type TestApiServer } from "../../support/apiServer.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";

const node: ListedNode = {
  ...{ name: "w1", ready: true, complaints: [], version: "1.36.0", roles: [], cordoned: false, unserved: false },
  ...{ ours: true, content: { labels: {}, annotations: {}, taints: [] } },
};
const observation: Observation = {
  ...{ at: 0, readings: new Map(), apiservers: new Map(), leaders: [], kubeconfigs: [] },
  ...{ nodes: { nodes: [{ ...node, heartbeat: 1 }] }, addons: undefined, network: undefined },
};

/** Pods that are to be deleted end at once, and others run: what a scheduler and a kubelet would do. */
async function keepPods(server: TestApiServer, stop: AbortSignal): Promise<void> {
  const client = new ApiClient(loadAccess(server.kubeconfig, { context: "", cluster: "" }));
  const send = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object, contentType?: string) =>
    client
      .send({
        ...{ method, path, signal: stop, patienceSeconds: 30 },
        ...(body === undefined ? {} : { body: body as never }),
        ...(contentType === undefined ? {} : { contentType }),
      })
      // What is gone meanwhile is as it is to be.
      .catch(() => undefined);
  const [bound, started] = [new Set<string>(), new Set<string>()];
  while (!stop.aborted) {
    const list = (await send("GET", "/api/v1/pods"))?.body;
    for (const item of (list?.["items"] ?? []) as { metadata: Record<string, string>; spec: { nodeName?: string } }[]) {
      const { name = "", namespace = "", deletionTimestamp } = item.metadata;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      if (deletionTimestamp !== undefined) await send("DELETE", `${path}?gracePeriodSeconds=0`);
      else if (item.spec.nodeName === undefined && !bound.has(path)) {
        bound.add(path);
        const target = { apiVersion: "v1", kind: "Node", name: "w1" };
        await send("POST", `${path}/binding`, { apiVersion: "v1", kind: "Binding", metadata: { name }, target });
      } else if (!started.has(path)) {
        started.add(path);
        const state = { running: { startedAt: new Date().toISOString() } };
        const container = { name: "pod", state, image: "x", imageID: "", ready: true, restartCount: 0, started: true };
        const body = { status: { phase: "Running", containerStatuses: [container] } };
        await send("PATCH", `${path}/status`, body, "application/merge-patch+json");
      }
    }
    await sleep(50, undefined, { signal: stop }).catch(() => undefined);
  }
  client.close();
}

describe("a load test of a real API server", function () {
  this.timeout(600_000);
  let server: TestApiServer;
  let objects: TestObjects;
  const stop = new AbortController();
  let kept: Promise<void>;
  const said: string[] = [];
  const hosts = hostsOf();
  const load = { ...loadOf("small"), seconds: 6, rate: 20, objects: 40, pods: 5, podRate: 2 };

  before(async () => {
    server = await startApiServer();
    const meta = { name: "w1", labels: { "kubernetes.io/hostname": "w1" } };
    await server.send("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: meta });
    objects = new TestObjects(server.kubeconfig);
    kept = keepPods(server, stop.signal);
  });
  after(async () => {
    stop.abort();
    await kept;
    objects.close();
    await server.stop();
  });

  const ask: NonNullable<HostLook["ask"]> = () => Promise.resolve(new Map<string, never>());
  const runOf = (more: Partial<LoadTestRun> = {}): LoadTestRun => ({
    ...{ load, image: "registry.example.net/pause:1", objects, signal: stop.signal },
    api: { nodes: () => Promise.resolve({ value: [node] }) },
    look: () => Promise.resolve({ observation, problems: [] }),
    hosts: { input: { hosts, config: configOf() }, ask },
    ...{ say: (line) => said.push(line), warn: (line) => said.push(`warning: ${line}`), mark: () => undefined },
    ...more,
  });
  const report = async (): Promise<LoadTestReport> =>
    reportOf(await runLoadTest(runOf()), {
      ...{ stack: "prod", endpoint: objects.access.server, load, hosts, maxGap: 0, earlier: [] },
    });

  it("is answered well, pods keep to the standard restricted and start, and nothing is left", async () => {
    const found = await report();
    reportSchema.parse(found);
    for (const { client, failed, errors } of found.clients) assert.deepEqual([failed, errors], [0, []], client);
    assert.equal(found.operations.length, 8);
    assert.ok((found.pods?.started ?? 0) >= 5, JSON.stringify(found.pods));
    assert.deepEqual(await objects.found(stop.signal), []);
    assert.deepEqual(
      said.filter((line) => line.startsWith("warning")),
      [],
    );
  });

  it("tells an API server that stands still as one gap of every client, as long as it stood", async () => {
    said.length = 0;
    const running = report();
    await eventually("the load", 60, () => Promise.resolve(said.some((line) => line.startsWith("Load")) || undefined));
    const begin = performance.now();
    await server.pause();
    // For longer than clients may be without an answer.
    await sleep(2500);
    server.resume();
    const stood = (performance.now() - begin) / 1000;
    const found = await running;
    for (const { client, gaps } of found.clients.filter((one) => one.client !== "pods")) {
      const long = gaps.filter(({ silence }) => silence > 1.5);
      assert.equal(long.length, 1, `${client}: ${JSON.stringify(gaps)}`);
      assert.ok(
        Math.abs((long[0]?.silence ?? 0) - stood) < 2,
        `${client}: ${JSON.stringify(long)}, it stood ${stood} s`,
      );
    }
    assert.deepEqual(await objects.found(stop.signal), []);
  });

  it("leaves, where its process is killed, what a sweep removes with all that is in it", async () => {
    const now = objects.now();
    const claim = { owner: "ada on laptop", renewed: now - 61_000, deadline: now + 60_000 };
    await objects.begin("0a", claim, stop.signal);
    const path = "/api/v1/namespaces/plinth-loadtest-0a";
    await objects.create(`${path}/configmaps`, { metadata: { name: "object-1" } }, stop.signal);
    const { removed } = await sweep(objects, (line) => said.push(line), stop.signal);
    assert.deepEqual(removed, ["plinth-loadtest-0a"]);
    assert.equal(await server.get(path), undefined);
    const pods = await server.get("/api/v1/pods");
    assert.deepEqual(parsePodList(pods).pods, []);
  });
});
