import assert from "node:assert/strict";
import path from "node:path";
import fc from "fast-check";
import { alertGroups } from "../../../plan/alerts/index.ts";
import { bundlesOf } from "../../../plan/bringup.ts";
import { renderBundle } from "../../../plan/bundle.ts";
import { renderDashboards } from "../../../plan/dashboards/index.ts";
import { formerBundles } from "../../../plan/formerbundles.ts";
import { isMachine, type Role } from "../../../plan/inventory.ts";
import { endpointsOf } from "../../../plan/metrics/endpoints.ts";
import { scrapeConfigs } from "../../../plan/metrics/scrape.ts";
import { rawBackup } from "../../support/backup.ts";
import { bundleOf, configOf, factsOf, hostsOf, threeHosts, type RankedInput } from "../../support/cluster.ts";
import { readExpression } from "../../support/promql.ts";
import { matchSnapshot } from "../../support/snapshot.ts";

const worker: RankedInput = { name: "w1", address: "192.0.2.21", roles: ["worker"], region: "eu", rack: "r7" };
const hosts = hostsOf([...threeHosts, worker, { name: "m1", address: "192.0.2.31", roles: [] }]);
const on = configOf({ metrics: {} });
const host = (name: string) => hosts.find((one) => one.name === name) ?? assert.fail(name);
const jobs = (name: string, config = on) => endpointsOf(host(name), config).map(({ job, path }) => `${job} ${path}`);
const bundle = (name: string) => bundleOf("metrics", { host: host(name), hosts, config: on });

describe("figures of hosts", () => {
  it("are told by what runs on a host, and by nothing where nobody asks for them", () => {
    assert.deepEqual(jobs("w1"), [
      "kubelet /metrics",
      "kubelet /metrics/cadvisor",
      "kubelet /metrics/probes",
      "node /node",
      "kube-proxy /kube-proxy",
      "containerd /containerd",
    ]);
    assert.deepEqual(
      jobs("cp1").filter((one) => !jobs("w1").includes(one)),
      [
        "apiserver /metrics",
        "etcd /etcd",
        "kube-controller-manager /kube-controller-manager",
        "kube-scheduler /kube-scheduler",
        "haproxy /haproxy",
      ],
    );
    assert.deepEqual(jobs("m1"), []);
    for (const { name } of hosts) {
      assert.deepEqual(jobs(name, configOf({})), []);
      assert.ok(!bundlesOf(host(name), configOf({})).some((entry) => entry.name === "metrics"));
    }
    assert.ok(
      !jobs("cp1", configOf({ metrics: {}, vip: "", externalEndpoint: "lb.example.com" })).includes("haproxy /haproxy"),
    );
  });

  it("are the ones that were reviewed", () => {
    const text = ["cp1", "w1"].map((name) => renderBundle(bundle(name), 1, () => ({ sha256: "", url: "" })));
    matchSnapshot(path.join(import.meta.dirname, "__snapshots__/metrics.txt"), text.join("\n"));
  });

  it("tell on members of etcd what is asked of backups", () => {
    const words = (name: string, backup: object | undefined): string => {
      const config = configOf({ metrics: {}, ...(backup === undefined ? {} : { backup }) });
      const { files } = bundleOf("metrics", { host: host(name), hosts, config });
      const unit = files.find((file) => file.path.endsWith("plinth-facts.service"))?.content ?? assert.fail(name);
      return /^ExecStart=\S+ \S+ ?(.*)$/m.exec(unit)?.[1] ?? assert.fail(unit);
    };
    assert.equal(words("cp1", undefined), "");
    assert.equal(words("cp1", rawBackup), "21600");
    assert.equal(words("cp1", { ...rawBackup, everyMinutes: 10, drill: { maxAgeDays: 30 } }), "600 2592000");
    assert.equal(words("w1", rawBackup), "");
  });

  it("come by ways that lead to where they are told, whatever hosts are", () => {
    const roles: Role[] = ["etcd", "control-plane", "load-balancer", "worker"];
    fc.assert(
      fc.property(fc.array(fc.subarray(roles), { minLength: 1, maxLength: 6 }), (ranks) => {
        const all = hostsOf(
          ranks.map((own, index) => ({ name: `h${index}`, address: `192.0.2.${index + 1}`, roles: own })),
        );
        const told = all.flatMap((one) =>
          endpointsOf(one, on).map(({ job, path, port }) => `${job} ${one.address}:${port}${path}`),
        );
        const asked = scrapeConfigs(all, on).flatMap(({ metrics_path, static_configs }) =>
          static_configs.map(({ targets: [target = ""], labels }) => `${labels["job"] ?? ""} ${target}${metrics_path}`),
        );
        assert.deepEqual(asked.toSorted(), told.toSorted());
        const names = scrapeConfigs(all, on).map(({ job_name }) => job_name);
        assert.equal(new Set(names).size, names.length);
        for (const one of all) assert.equal(endpointsOf(one, on).length === 0, isMachine(one));
      }),
    );
  });

  it("name the host and where it stands", () => {
    const node = scrapeConfigs(hosts, on).find(({ job_name }) => job_name === "node");
    assert.deepEqual(node?.static_configs.at(-1), {
      targets: ["192.0.2.21:9990"],
      labels: { job: "node", instance: "w1", region: "eu", rack: "r7" },
    });
  });

  it("are kept where rules and dashboards go by them", () => {
    const models = renderDashboards().map(
      ({ text }) => JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] },
    );
    const expressions = [
      ...alertGroups.flatMap(({ alerts, records = {} }) => [
        ...alerts.map(({ expr }) => expr),
        ...Object.values(records),
      ]),
      ...models.flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))),
    ];
    const selectors = expressions.flatMap((expr) => readExpression(expr).selectors);
    assert.ok(selectors.length > 100);
    for (const { job_name, metric_relabel_configs = [] } of scrapeConfigs(hosts, on))
      for (const { source_labels, regex } of metric_relabel_configs)
        for (const { metric, labels } of selectors) {
          // Another job tells a figure of that name, too.
          if (labels.has("job") && !new RegExp(`^(?:${labels.get("job") ?? ""})$`).test(job_name)) continue;
          const values = source_labels.map((label) => (label === "__name__" ? metric : (labels.get(label) ?? "")));
          assert.doesNotMatch(values.join(";"), new RegExp(`^(?:${regex})$`), `${job_name}: ${metric}`);
        }
  });

  it("are left out where nobody goes by them: those are most of what is told", () => {
    const regexes = scrapeConfigs(hosts, on).map(
      ({ job_name, metric_relabel_configs = [] }): [string, string | undefined] => [
        job_name,
        metric_relabel_configs[0]?.regex,
      ],
    );
    const features = "kubernetes_feature_enabled";
    assert.deepEqual(Object.fromEntries(regexes), {
      apiserver: features,
      kubelet: features,
      "kubelet-cadvisor":
        "container_(network_(tcp|tcp6|udp|udp6)_usage_total|tasks_state|cpu_load_(d_)?average_10s|blkio_device_usage_total|memory_failures_total)",
      "kubelet-probes": undefined,
      node: "node_systemd_unit_state;(activating|deactivating|inactive)",
      etcd: undefined,
      "kube-controller-manager": features,
      "kube-scheduler": features,
      haproxy: undefined,
      "kube-proxy": features,
      containerd: "grpc_server_.+",
    });
  });

  it("go where nobody is told any more: the bundle is left empty", () => {
    const carried = { metrics: { generation: 1, state: "complete" as const } };
    const readings = new Map(hosts.map(({ name }) => [name, { facts: factsOf(name, { bundles: carried }) }]));
    assert.deepEqual(formerBundles(hosts, on, readings), { formerBundles: { m1: ["metrics"] } });
    const off = { ...configOf({}), ...formerBundles(hosts, configOf({}), readings) };
    assert.deepEqual(
      Object.keys(off.formerBundles ?? {}),
      hosts.map(({ name }) => name),
    );
    assert.ok(bundlesOf(host("w1"), off).some(({ name }) => name === "metrics"));
  });
});
