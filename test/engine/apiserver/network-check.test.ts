import assert from "node:assert/strict";
import { checkNetwork, type NetworkCheck } from "../../../cli/network/check.ts";
import { corefile } from "../../../plan/addons/dns.ts";
import { ClusterApi } from "../../../cli/cluster/api.ts";
import { checkLabel } from "../../../plan/networkcheck/probe.ts";
import { recordLine } from "../../../plan/networkcheck/record.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { Planned } from "../../support/planned.ts";

const image = "registry.example.net/coredns:v1";
const hosts = hostsOf([
  { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer"] },
  { name: "w1", address: "192.0.2.21", roles: ["worker"] },
  { name: "w2", address: "192.0.2.22", roles: ["worker"] },
]);
const config = configOf();

type Listed = { items: { metadata: Record<string, string>; spec: Record<string, unknown> }[] };

describe("a test of the network", function () {
  this.timeout(180_000);
  const planned = new Planned();
  let kubelets: AbortController;

  const made = async (path: string, body: object): Promise<void> => {
    const { status, body: answer } = await planned.ask("POST", path, body);
    assert.ok(status === 201 || status === 409, JSON.stringify(answer));
  };
  const list = async (path: string): Promise<Listed["items"]> =>
    ((await planned.ask("GET", path)).body as unknown as Listed).items;
  const namespaces = () => list(`/api/v1/namespaces?labelSelector=${checkLabel}`);

  /** Controllers change the same objects meanwhile. */
  const update = (path: string, status: object): Promise<true> =>
    eventually(`the status of ${path}`, 60, async () => {
      const { body } = await planned.ask("GET", path);
      const answer = await planned.ask("PUT", `${path}/status`, { ...body, status });
      if (answer.status === 409 || answer.status === 404) return undefined;
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return true;
    });
  const node = async (name: string, ready: "True" | "False"): Promise<void> => {
    const labels = { "kubernetes.io/hostname": name };
    await made("/api/v1/nodes", {
      ...{ apiVersion: "v1", kind: "Node", metadata: { name, labels } },
      spec: { taints: [{ key: "example.net/only", effect: "NoExecute" }] },
    });
    await update(`/api/v1/nodes/${name}`, { conditions: [{ type: "Ready", status: ready }] });
  };

  /** Binds probes to their Nodes and says that they run, as scheduler and kubelets do; on one Node they do not come up. */
  const kubelet = async (signal: AbortSignal, broken?: string): Promise<void> => {
    let count = 1;
    while (!signal.aborted) {
      for (const { metadata } of await namespaces()) {
        for (const pod of await list(`/api/v1/namespaces/${metadata["name"] ?? ""}/pods`)) {
          const path = `/api/v1/namespaces/${pod.metadata["namespace"] ?? ""}/pods/${pod.metadata["name"] ?? ""}`;
          const wanted = /"values":\["([^"]+)"\]/.exec(JSON.stringify(pod.spec["affinity"]))?.[1];
          if (pod.spec["nodeName"] !== undefined || pod.metadata["deletionTimestamp"] !== undefined) continue;
          const target = { apiVersion: "v1", kind: "Node", name: wanted };
          await planned.ask("POST", `${path}/binding`, { apiVersion: "v1", kind: "Binding", target });
          if (wanted === broken) continue;
          count += 1;
          await update(path, {
            ...{ phase: "Running", podIP: `10.244.0.${count}`, podIPs: [{ ip: `10.244.0.${count}` }] },
            conditions: [{ type: "Ready", status: "True" }],
          });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  /** Hosts that get an answer to everything they ask. */
  const allAnswered: NonNullable<NetworkCheck["ask"]> = ({ hosts: asked }, script) => {
    assert.ok(typeof script !== "string");
    const answers = asked.map(({ name }): [string, { text: string }] => {
      const lines = [...script(name).matchAll(/^(q\d+) (?:pod|host) \d+ \d+ (\S+) .*$/gm)].flatMap(
        ([, id = "", reads = ""]) => {
          // One record of the type A: 10.96.0.1, the address of the API.
          const good = Buffer.from("00008180000000010000000000000100010000001e00040a600001", "hex");
          return [`answer ${id} 0 200 1`, ...(reads === "reads" ? [`body ${id} ${good.toString("base64")}`] : [])];
        },
      );
      return [name, { text: ["plinth-facts 1", ...lines, "end", ""].join("\n") }];
    });
    return Promise.resolve(new Map(answers));
  };

  const run = (more: Partial<NetworkCheck> = {}) =>
    checkNetwork({
      ...{
        stack: "prod",
        input: { hosts, config },
        kubeconfig: planned.kubeconfig,
        endpoint: "https://192.0.2.10:6443",
      },
      ...{ signal: AbortSignal.timeout(120_000), say: () => undefined, ask: allAnswered, ...more },
    });

  before(async () => {
    await planned.start({});
    await eventually("kube-system", 60, async () => {
      const { status } = await planned.ask("GET", "/api/v1/namespaces/kube-system/serviceaccounts/default");
      return status === 200 ? status : undefined;
    });
    for (const { name } of hosts) await node(name, "True");
  });
  beforeEach(() => {
    kubelets = new AbortController();
  });
  afterEach(() => {
    kubelets.abort();
  });
  after(() => planned.stop());

  it("says what is missing in a cluster without DNS", async () => {
    await assert.rejects(run(), /no Deployment kube-system\/coredns .*run up first/);
    const inSystem = "/api/v1/namespaces/kube-system";
    const labels = { app: "coredns" };
    const metadata = { name: "coredns", namespace: "kube-system" };
    await made(`${inSystem}/configmaps`, {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata },
      data: { Corefile: corefile(config) },
    });
    await made(`${inSystem}/services`, {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "kube-dns", namespace: "kube-system" } },
      spec: { clusterIP: "10.96.0.10", ports: [{ port: 53, protocol: "UDP" }], selector: labels },
    });
    await made("/apis/apps/v1/namespaces/kube-system/deployments", {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name: "coredns", image }],
            volumes: [{ name: "config", configMap: { name: "coredns" } }],
          },
        },
      },
    });
  });

  it("makes probes on all Nodes whatever their taints, keeps the result, and leaves nothing else", async () => {
    const working = kubelet(kubelets.signal);
    const report = await run();
    kubelets.abort();
    await working;
    assert.ok(report);
    assert.deepEqual([report.findings, report.untested], [[], []]);
    assert.deepEqual(Object.keys(report.hosts).sort(), ["cp1", "w1", "w2"]);
    assert.deepEqual(report.hosts["w1"]?.["pod-pod"], { tried: 2, failed: 0 });
    await eventually("the end of the namespace", 60, async () =>
      (await namespaces()).length === 0 ? true : undefined,
    );
    const api = new ClusterApi(planned.kubeconfig);
    const reading = await api.networkRecord("prod");
    assert.match(recordLine(reading), /^tested 0 min ago, all \d+ paths work$/);
    assert.deepEqual(await api.networkRecord("prod-pool"), { record: undefined }, "each stack has its own");
    api.close();
  });

  it("finds a Node that is ready where no pod comes up, and cleans up", async () => {
    const working = kubelet(kubelets.signal, "w2");
    const report = await run({ patience: 5 });
    kubelets.abort();
    await working;
    assert.match(
      report?.findings[0]?.message ?? "",
      /^Node w2 is ready, but a new pod did not come up there within 5 s/,
    );
    assert.equal(report?.findings.length, 1);
    await eventually("the end of the namespace", 60, async () =>
      (await namespaces()).length === 0 ? true : undefined,
    );
    const api = new ClusterApi(planned.kubeconfig);
    assert.match(recordLine(await api.networkRecord("prod")), /, 1 of \d+ paths do not work$/);
    api.close();
  });

  it("leaves out Nodes that are not ready, and has nothing to test where none is", async () => {
    await update("/api/v1/nodes/w2", { conditions: [{ type: "Ready", status: "False" }] });
    const working = kubelet(kubelets.signal);
    const report = await run();
    kubelets.abort();
    await working;
    assert.deepEqual(report?.untested, [{ host: "w2", reason: "its Node is not ready" }]);
    const alone = hosts.filter(({ name }) => name === "w2");
    assert.equal(await run({ input: { hosts: alone, config } }), undefined);
  });

  it("removes its probes when it is interrupted, and leaves those of a test beside it alone", async () => {
    const stop = new AbortController();
    const interrupted = run({ signal: stop.signal });
    await eventually("the probes", 60, async () => ((await namespaces()).length > 0 ? true : undefined));
    stop.abort();
    await assert.rejects(interrupted);
    await eventually("the end of the namespace", 60, async () =>
      (await namespaces()).length === 0 ? true : undefined,
    );

    const metadata = { name: "plinth-check-0a0a", labels: { [checkLabel]: "0a0a" } };
    await made("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    const working = kubelet(kubelets.signal);
    await run();
    const left = (await namespaces()).filter(({ metadata: { name } }) => name === "plinth-check-0a0a");
    assert.equal(left.length, 1, "it may be that of a test that still runs");
    kubelets.abort();
    await working;
  });
});
