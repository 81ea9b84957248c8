import assert from "node:assert/strict";
import { reportOf } from "../../../../cli/loadtest/assemble.ts";
import { reportLines } from "../../../../cli/loadtest/lines.ts";
import { reportMarkdown } from "../../../../cli/loadtest/markdown.ts";
import { TestObjects } from "../../../../cli/loadtest/objects.ts";
import { runLoadTest, type LoadTestRun } from "../../../../cli/loadtest/run.ts";
import { sweep } from "../../../../cli/loadtest/sweep.ts";
import type { HostLook } from "../../../../cli/loadtest/hosts.ts";
import type { Observation } from "../../../../cli/status/types.ts";
import { thisProcess } from "../../../../cli/process/self.ts";
import { namespaceObject, namespaceOf } from "../../../../plan/loadtest/objects.ts";
import type { Claim } from "../../../../plan/loadtest/claim.ts";
import type { ListedNode } from "../../../../plan/nodes.ts";
import { loadOf } from "../../../../plan/loadtest/profiles.ts";
import { reportSchema, type LoadTestReport } from "../../../../plan/loadtest/report.ts";
import type { ClientName } from "../../../../plan/loadtest/samples.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";
import { eventually } from "../../../support/eventually.ts";
import { bare } from "../support.ts";
import { ApiServer } from "./server.ts";

const hosts = hostsOf([
  { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer"] },
  { name: "w1", address: "192.0.2.21", roles: ["worker"] },
]);
const config = configOf();

const node: ListedNode = {
  ...{ name: "w1", ready: true, complaints: [], version: "1.36.0", roles: [], cordoned: false, unserved: false },
  ...{ ours: true, content: { labels: {}, annotations: {}, taints: [] } },
};

const observation: Observation = {
  ...{ at: 0, readings: new Map(), apiservers: new Map(), leaders: [], kubeconfigs: [] },
  ...{ nodes: { nodes: [{ ...node, heartbeat: 1 }] }, addons: undefined, network: undefined },
};

describe("a load test", function () {
  this.timeout(60_000);
  let server: ApiServer;
  let objects: TestObjects;
  let said: string[];
  let marks: (string | undefined)[];
  let stop: AbortController;
  const load = { ...loadOf("small"), seconds: 2, rate: 40, objects: 12, pods: 4, podRate: 10, connections: 3 };

  beforeEach(async () => {
    server = new ApiServer();
    await server.listen();
    objects = new TestObjects(server.kubeconfig);
    [said, marks, stop] = [[], [], new AbortController()];
  });
  afterEach(() => {
    stop.abort();
    objects.close();
    server.close();
  });

  /** Hosts on which nothing happens. */
  const ask: NonNullable<HostLook["ask"]> = ({ hosts: asked }) =>
    Promise.resolve(
      new Map(
        asked.map(({ name }) => [
          name,
          {
            text: `plinth-facts 1\nuptime 100\nclock 1000.5\n${name === "cp1" ? "address 192.0.2.10 eth0\n" : ""}end\n`,
          },
        ]),
      ),
    );

  const runOf = (more: Partial<LoadTestRun> = {}): LoadTestRun => ({
    ...{ load, image: "registry.example.net/pause:1", objects, signal: stop.signal },
    api: { nodes: () => Promise.resolve({ value: [node] }) },
    look: () => Promise.resolve({ observation, problems: [] }),
    hosts: { input: { hosts, config }, ask },
    say: (line) => said.push(line),
    warn: (line) => said.push(`warning: ${line}`),
    mark: (namespace) => marks.push(namespace),
    ...more,
  });

  async function reported(more: Partial<LoadTestRun> = {}): Promise<LoadTestReport> {
    const facts = await runLoadTest(runOf(more));
    return reportOf(facts, {
      ...{ stack: "prod", endpoint: server.url, load: more.load ?? load, hosts, maxGap: 0, earlier: [] },
    });
  }

  const podsMade = (): number => server.seen.filter((line) => /^POST .*\/pods$/.test(line)).length;

  const clientOf = (report: LoadTestReport, name: ClientName) => {
    const found = report.clients.find(({ client }) => client === name);
    assert.ok(found, name);
    return found;
  };

  it("asks for everything, keeps to its bounds, finds nothing wrong, and leaves nothing", async () => {
    const report = await reported();
    for (const { client, failed, errors } of report.clients) assert.deepEqual([failed, errors], [0, []], client);
    assert.equal(report.clients.length, 5);
    assert.deepEqual(reportSchema.parse(JSON.parse(JSON.stringify(report))), report);
    for (const { verb, resource, scope, sent, latency } of report.operations) {
      assert.ok(sent > 0 && latency !== undefined, `${verb} ${resource} ${scope}`);
    }
    assert.equal(report.operations.length, 8);
    assert.ok((report.pods?.started ?? 0) > 3, JSON.stringify(report.pods));
    assert.deepEqual(Object.keys(report.pods?.nodes ?? {}), ["w1"]);
    assert.ok(server.most.configmaps <= load.objects + 1, `${server.most.configmaps} ConfigMaps`);
    assert.ok(server.most.pods <= load.pods, `${server.most.pods} pods`);
    assert.deepEqual([...server.objects.keys()], []);
    assert.deepEqual(marks, [namespaceOf(report.id), undefined]);
    // Each read by a new connection opens one.
    assert.ok(server.connections > clientOf(report, "new").sent);
    assert.deepEqual(report.holders, { "192.0.2.10": { first: "cp1", last: "cp1" } });
    for (const line of reportLines(report, bare)) assert.doesNotMatch(line, /undefined|NaN/);
    assert.doesNotMatch(reportMarkdown(report), /undefined|NaN|secret/);
  });

  it("tells a time in which everything failed as one gap of each client, with its reason and number", async () => {
    const long = { ...load, seconds: 4 };
    const running = reported({ load: long });
    await eventually("the load", 20, () => Promise.resolve(said.includes("Load for 4 s.") || undefined));
    await eventually("pods", 20, () => Promise.resolve(podsMade() > 3 || undefined));
    const begin = server.seen.length;
    server.outage = { status: 500, message: "etcdserver: no leader" };
    await eventually("failures", 20, () => Promise.resolve(server.seen.length > begin + 40 || undefined));
    server.outage = undefined;
    const report = await running;
    for (const name of ["load", "new", "kept", "write"] as const) {
      const { failed, gaps, errors } = clientOf(report, name);
      assert.ok(failed > 0, name);
      assert.equal(gaps.length, 1, `${name}: ${JSON.stringify(gaps)}`);
      assert.equal(gaps[0]?.failed, failed, "every failure is within the gap");
      assert.match(errors[0]?.error ?? "", name === "kept" ? /^HTTP 500$/ : /^HTTP 500: etcdserver: no leader$/);
      assert.ok(gaps[0].length > 0 && gaps[0].begin >= 0);
    }
    assert.equal(report.result, "failed");
    assert.ok(report.problems.some((one) => one.startsWith("reads, each by a new connection: ")));
    assert.deepEqual(server.namespaces, []);
    assert.match(reportMarkdown(report), /\| new \|.*HTTP 500: etcdserver: no leader/);
  });

  it("asks again after as long as a server that stops says, and that is no failure", async () => {
    // So many that none is deleted within the second in which another request about it waits.
    const running = reported({ load: { ...load, seconds: 4, objects: 100 } });
    await eventually("the load", 20, () => Promise.resolve(said.includes("Load for 4 s.") || undefined));
    await eventually("pods", 20, () => Promise.resolve(podsMade() > 3 || undefined));
    const begin = server.seen.length;
    server.outage = { status: 503, message: "apiserver is shutting down.", retryAfter: "1" };
    await eventually("refusals", 20, () => Promise.resolve(server.seen.length > begin + 40 || undefined));
    server.outage = undefined;
    const report = await running;
    for (const { client, failed, errors } of report.clients) assert.deepEqual([failed, errors], [0, []], client);
    assert.ok(clientOf(report, "kept").silence >= 0.3, "what was asked again took as long");
    assert.deepEqual(server.namespaces, []);
  });

  it("tells connections that were cut, and goes on with new ones", async () => {
    const running = reported();
    await eventually("the load", 20, () => Promise.resolve(said.includes("Load for 2 s.") || undefined));
    await eventually("pods", 20, () => Promise.resolve(podsMade() > 3 || undefined));
    server.cut();
    const report = await running;
    assert.ok(report.generator.watches >= 1, "the watch was begun anew");
    assert.ok((report.pods?.late ?? 1) === 0, JSON.stringify(report.pods));
    assert.deepEqual(server.namespaces, []);
  });

  it("refuses a cluster that is not healthy, and has made nothing", async () => {
    const problems = [{ host: "cp1", message: "etcd.service is failed" }];
    await assert.rejects(
      runLoadTest(runOf({ look: () => Promise.resolve({ observation, problems }) })),
      /^CliError: The cluster is not healthy, and is given no load:\n {2}- cp1: etcd.service is failed\n/,
    );
    assert.deepEqual(
      server.seen.filter((line) => !line.startsWith("GET ")),
      [],
    );
    assert.deepEqual(marks, []);
  });

  it("is no second one beside another that runs", async () => {
    const now = Date.now();
    const claim = { owner: "ada on laptop", renewed: now, deadline: now + 60_000 };
    await objects.begin("0a", claim, stop.signal);
    await assert.rejects(runLoadTest(runOf()), /A load test of ada on laptop is under way \(plinth-loadtest-0a\)/);
    assert.deepEqual(server.namespaces, ["plinth-loadtest-0a"]);
  });

  it("removes what it has made when it is interrupted", async () => {
    const running = runLoadTest(runOf({ load: { ...load, seconds: 60 } }));
    await eventually("the load", 20, () => Promise.resolve(said.includes("Load for 60 s.") || undefined));
    stop.abort(new Error("interrupted"));
    await assert.rejects(running, /interrupted|aborted/);
    assert.deepEqual([...server.objects.keys()], []);
    assert.equal(marks.at(-1), undefined);
  });

  it("measures without pods where no Node takes them, and says so", async () => {
    const taint = { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" };
    const tainted = { ...node, heartbeat: 1, content: { ...node.content, taints: [taint] } };
    const look = () => Promise.resolve({ observation: { ...observation, nodes: { nodes: [tainted] } }, problems: [] });
    const report = await reported({ look });
    assert.equal(report.pods, undefined);
    assert.ok(report.remarks.includes("no Node takes pods of everybody: their start was not measured"));
    assert.equal(server.most.pods, 0);
  });

  describe("leaves", () => {
    const claimed = (more: Partial<Claim> = {}): Claim => {
      const now = Date.now();
      return { owner: "ada on laptop", renewed: now, deadline: now + 60_000, ...more };
    };
    const put = (id: string, claim: Claim): Promise<void> => objects.begin(id, claim, stop.signal);
    const swept = () => sweep(objects, (line) => said.push(line), stop.signal);

    it("when it is killed, what the next command removes, with all that is in it", async () => {
      const own = thisProcess();
      assert.ok(own);
      await put("0a", claimed({ process: { ...own, started: "1" } }));
      await objects.create("/api/v1/namespaces/plinth-loadtest-0a/pods", { metadata: { name: "pod-1" } }, stop.signal);
      const { removed, running, left } = await swept();
      assert.deepEqual([removed, running, left], [["plinth-loadtest-0a"], [], []]);
      assert.deepEqual([...server.objects.keys()], []);
      assert.match(said[0] ?? "", /a load test of ada on laptop has left \(its process has died\)/);
    });

    it("alone what runs: by this process, and by others that say so in time", async () => {
      const own = thisProcess();
      assert.ok(own);
      await put("0a", claimed({ process: own, renewed: Date.now() - 300_000 }));
      await put("0b", claimed({ process: { machine: "0123456789abcdef", pid: 1, started: "1" } }));
      const { removed, running } = await swept();
      assert.deepEqual(removed, []);
      assert.deepEqual(running.map(({ namespace }) => namespace).sort(), ["plinth-loadtest-0a", "plinth-loadtest-0b"]);
    });

    it("nothing that is not its own", async () => {
      server.objects.set("/api/v1/namespaces/shop", {
        metadata: {
          ...(namespaceObject("0a", claimed()) as { metadata: { name: string } }).metadata,
          name: "shop",
          resourceVersion: "1",
        },
      });
      assert.deepEqual((await swept()).removed, []);
      assert.deepEqual(server.namespaces, ["shop"]);
    });
  });

  it("tells of hosts whose text is markup without any of it", async () => {
    const report = await reported();
    const hostile = "<script>alert(1)</script> | @all";
    const changes: LoadTestReport["changes"] = [{ at: 1, about: "host", what: hostile }];
    const text = reportMarkdown({ ...report, changes, balancer: [{ at: 1, host: hostile, text: hostile }] });
    assert.doesNotMatch(text, /<script>|@all/);
  });
});
