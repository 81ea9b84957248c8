import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";
import { checkNetwork, type NetworkCheck } from "../../../../cli/network/check.ts";
import { corefile } from "../../../../plan/addons/dns.ts";
import { recordName } from "../../../../plan/networkcheck/record.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const hosts = hostsOf([{ name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const config = configOf();
const inSystem = "/api/v1/namespaces/kube-system";

/** A Service as the API server has made it. */
const service = { spec: { clusterIP: "10.96.0.10", ports: [{ nodePort: 31234 }] } };
/** A pod that its Node has not started. */
const pod = {
  metadata: { name: "probe-1", uid: "5f0c1a52-5b0e-4b6e-8f0c-0d5b1c1d2e3f" },
  spec: { nodeName: "w1" },
  status: {},
};
const ready = { podIP: "10.244.1.2", conditions: [{ type: "Ready", status: "True" }] };
const events = [{ type: "Warning", message: "no address left", involvedObject: { name: "probe-1" } }];

describe("a test of the network, when something goes wrong", () => {
  /** Method and path, with the test's namespace as `NS`, → status and body; a list of answers is used one by one. */
  let answers: Record<string, [status: number, body: object]>;
  let asked: string[];
  let said: string[];
  let server: Server;
  let url: string;

  beforeEach(async () => {
    [asked, said] = [[], []];
    answers = {
      "GET /api/v1/nodes": [
        200,
        { items: [{ metadata: { name: "w1" }, status: { conditions: [{ type: "Ready", status: "True" }] } }] },
      ],
      "GET /apis/apps/v1/namespaces/kube-system/deployments/coredns": [
        200,
        {
          spec: {
            template: {
              spec: {
                containers: [{ name: "coredns", image: "registry.example.net/coredns:v1" }],
                volumes: [{ configMap: { name: "coredns" } }],
              },
            },
          },
        },
      ],
      [`GET ${inSystem}/services/kube-dns`]: [200, service],
      "GET /api/v1/namespaces/default/services/kubernetes": [200, service],
      [`GET ${inSystem}/configmaps/coredns`]: [200, { data: { Corefile: corefile(config) } }],
      "GET /api/v1/namespaces": [200, { items: [] }],
      "POST /api/v1/namespaces": [201, {}],
      "POST /api/v1/namespaces/NS/configmaps": [201, {}],
      "POST /api/v1/namespaces/NS/services": [201, service],
      "POST /apis/apps/v1/namespaces/NS/daemonsets": [201, {}],
      "GET /api/v1/namespaces/NS/pods": [200, { items: [{ ...pod, status: ready }] }],
      "GET /api/v1/namespaces/NS/events": [200, { items: events }],
      "GET /api/v1/services": [
        200,
        {
          items: [
            { metadata: { namespace: "web", name: "front" }, spec: { ports: [{ nodePort: 30080 }] } },
            { metadata: { namespace: "web", name: "empty" }, spec: { ports: [{ nodePort: 30081 }] } },
          ],
        },
      ],
      "GET /apis/discovery.k8s.io/v1/namespaces/web/endpointslices": [200, { items: [{ endpoints: [{}] }] }],
      "GET /readyz": [200, {}],
      "DELETE /api/v1/namespaces/NS": [200, {}],
      [`PATCH ${inSystem}/configmaps/${recordName}`]: [200, {}],
    };
    server = createServer((request, response) => {
      const path = (request.url ?? "").replace(/\?.*/, "").replace(/plinth-check-[0-9a-f]+/, "NS");
      const key = `${request.method ?? ""} ${path}`;
      asked.push(key);
      const [status, body] = answers[key] ?? [404, {}];
      response.writeHead(status).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  const nothingAnswered: NonNullable<NetworkCheck["ask"]> = ({ hosts: all }) =>
    Promise.resolve(new Map(all.map(({ name }) => [name, { text: "plinth-facts 1\nend\n" }])));
  const run = (more: Partial<NetworkCheck> = {}) =>
    checkNetwork({
      ...{ stack: "prod", input: { hosts, config }, endpoint: undefined, patience: 0, ask: nothingAnswered },
      kubeconfig: stringify({
        clusters: [{ name: "c", cluster: { server: url } }],
        users: [{ name: "u", user: {} }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
      signal: new AbortController().signal,
      say: (line) => said.push(line),
      ...more,
    });
  const count = (key: string): number => asked.filter((one) => one === key).length;
  const removed = (): number => count("DELETE /api/v1/namespaces/NS");
  const kept = (): number => count(`PATCH ${inSystem}/configmaps/${recordName}`);

  it("tries service ports whose Service has pods, and finds one where nobody answers", async () => {
    const ports = [80, 443].map((port, n) => ({ name: `p${port}`, port, nodePort: 30080 + 2 * n }));
    const lines: string[] = [];
    const telnet = /^q\d+ .* telnet:/;
    const ask: NonNullable<NetworkCheck["ask"]> = (_input, script) => {
      lines.push(...(typeof script === "string" ? script : script("w1")).split("\n"));
      const id = lines.find((line) => telnet.test(line))?.split(" ")[0] ?? "";
      return Promise.resolve(new Map([["w1", { text: `plinth-facts 1\nanswer ${id} 52 0 6\nend\n` }]]));
    };
    const report = await run({ input: { hosts, config: configOf({ servicePorts: ports }) }, ask });
    const asking = lines.filter((line) => telnet.test(line));
    assert.deepEqual(
      asking.map((line) => line.split(" ").at(-1)),
      ["telnet://192.0.2.10:80"],
      "30082 is no Service's",
    );
    const found = report?.findings.find(({ path }) => path === "service-port");
    assert.match(
      found?.message ?? "",
      /^w1 reaches no pod through the load balancer at 192\.0\.2\.10:80, service port p80: the connection was cut off, 6 times; /,
    );
  });

  it("says that the cluster is not reached, and has made nothing", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    url = `http://127.0.0.1:${port}`;
    await assert.rejects(run(), /^CliError: The Nodes cannot be listed: .*ECONNREFUSED/);
    assert.deepEqual(asked, []);
  });

  it("finds a Node where no probe comes up, with the Node's own complaint, and removes the rest", async () => {
    answers["GET /api/v1/namespaces/NS/pods"] = [200, { items: [pod] }];
    const report = await run();
    assert.deepEqual(
      report?.findings.map(({ path, message }) => [path, message.split(";")[0]]),
      [["probe", "Node w1 is ready, but a new pod did not come up there within 0 s: no address left"]],
    );
    assert.deepEqual([removed(), kept()], [1, 1]);
  });

  it("tests nothing on a Node that got no probe, and names it", async () => {
    answers["GET /api/v1/namespaces/NS/pods"] = [200, { items: [] }];
    const report = await run();
    assert.deepEqual(report?.untested, [{ host: "w1", reason: "no pod was made for it" }]);
    assert.deepEqual([report.findings, removed(), kept()], [[], 1, 1]);
  });

  for (const [what, key] of [
    ["the namespace", "POST /api/v1/namespaces"],
    ["the Service", "POST /api/v1/namespaces/NS/services"],
    ["the DaemonSet", "POST /apis/apps/v1/namespaces/NS/daemonsets"],
  ] as const) {
    it(`removes what there is when ${what} is refused`, async () => {
      answers[key] = [403, { message: "it is forbidden" }];
      await assert.rejects(run(), /it is forbidden/);
      assert.deepEqual([removed(), kept()], [1, 0]);
    });
  }

  it("removes its probes when hosts cannot be asked", async () => {
    await assert.rejects(run({ ask: () => Promise.reject(new Error("no key")) }), /no key/);
    assert.deepEqual([removed(), kept()], [1, 0]);
  });

  it("removes its probes when it is stopped while hosts are asked, and keeps no result", async () => {
    const stop = new AbortController();
    const ask: typeof nothingAnswered = (...args) => {
      stop.abort(new Error("stopped"));
      return nothingAnswered(...args);
    };
    await assert.rejects(run({ ask, signal: stop.signal }), /stopped/);
    assert.deepEqual([removed(), kept()], [1, 0]);
  });

  it("counts all the same when its probes cannot be removed, and says so", async () => {
    answers["DELETE /api/v1/namespaces/NS"] = [403, { message: "it is forbidden" }];
    assert.ok(await run());
    assert.match(said.at(-1) ?? "", /^The probes of this test could not be removed: it is forbidden .*next test/);
    assert.equal(kept(), 1);
  });

  it("has no probes left when the result cannot be kept", async () => {
    answers[`PATCH ${inSystem}/configmaps/${recordName}`] = [403, { message: "it is forbidden" }];
    await assert.rejects(run(), /it is forbidden/);
    assert.equal(removed(), 1);
  });

  it("removes what killed tests have left, and nothing that is young or going already", async () => {
    const namespace = (name: string, creationTimestamp: string, more = {}) => ({
      metadata: { name: `plinth-check-${name}`, creationTimestamp, ...more },
    });
    const [old, young] = ["2001-01-01T00:00:00Z", new Date().toISOString()];
    const items = [namespace("01", old), namespace("02", young), namespace("03", old, { deletionTimestamp: old })];
    answers["GET /api/v1/namespaces"] = [200, { items }];
    await run();
    assert.ok(said.includes("Removing what killed tests have left: plinth-check-01."));
    assert.equal(removed(), 2, "that one, and its own");
  });
});
