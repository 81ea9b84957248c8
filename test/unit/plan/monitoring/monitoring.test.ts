import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { parseConfig } from "../../../../plan/config.ts";
import { alertmanagerArguments, renderAlertmanager } from "../../../../plan/monitoring/alertmanager.ts";
import { prometheusArguments, renderPrometheus, targetFiles } from "../../../../plan/monitoring/prometheus.ts";
import { dataFolders, replicasOf } from "../../../../plan/monitoring/replicas.ts";
import { monitoringSchema } from "../../../../plan/monitoring/settings.ts";
import { validateMonitoring } from "../../../../plan/monitoring/validate.ts";
import { configOf, hostsOf, threeHosts, type RankedInput } from "../../../support/cluster.ts";

const settings = (raw: object = {}) => monitoringSchema.parse(raw);
const worker = (number: number, place: Partial<RankedInput> = {}): RankedInput => ({
  name: `w${number}`,
  address: `192.0.2.${100 + number}`,
  roles: ["worker"],
  ...place,
});
const chosen = (...workers: RankedInput[]): string[] =>
  replicasOf(hostsOf([...threeHosts, ...workers]), settings()).map(({ id }) => id);

describe("monitoring: where copies are", () => {
  it("is on two workers that are as far from each other as can be", () => {
    assert.deepEqual(chosen(worker(1, { rack: "r1" }), worker(2, { rack: "r1" }), worker(3, { rack: "r2" })), [
      "w1",
      "w3",
    ]);
    assert.deepEqual(chosen(worker(1, { zone: "a" }), worker(2, { zone: "a", rack: "r2" }), worker(3, { zone: "b" })), [
      "w1",
      "w3",
    ]);
    assert.deepEqual(chosen(worker(1), worker(2), worker(3)), ["w1", "w2"]);
  });

  it("is never twice on one host, nor where pods cannot be, and on workers as far as there are any", () => {
    const placed = fc.record({ zone: fc.constantFrom("a", "b"), tainted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(placed, { maxLength: 6 }), (places) => {
        const workers = places.map(({ zone, tainted }, index) =>
          worker(index + 1, { zone, ...(tainted ? { taints: [{ key: "own", effect: "NoSchedule" }] } : {}) }),
        );
        const hosts = hostsOf([...threeHosts, ...workers]);
        const nodes = replicasOf(hosts, settings()).map(({ node }) => node);
        assert.equal(new Set(nodes).size, nodes.length);
        for (const { name, taints } of hosts)
          if (nodes.includes(name)) assert.ok(taints.every(({ key }) => key !== "own"));
        const free = places.filter(({ tainted }) => !tainted);
        assert.equal(nodes.length, 2);
        // Control-plane hosts only where workers are missing.
        assert.equal(nodes.filter((name) => name?.startsWith("w")).length, Math.min(2, free.length));
        if (new Set(free.map(({ zone }) => zone)).size === 2) {
          const zones = nodes.map((node) => hosts.find(({ name }) => name === node)?.zone);
          assert.equal(new Set(zones).size, 2);
        }
      }),
    );
  });

  it("is left to a class where there is one, and hosts have folders of it only where not", () => {
    const hosts = hostsOf([...threeHosts, worker(1), worker(2), worker(3)]);
    const byClass = settings({ storage: { class: "fast" } });
    assert.deepEqual(replicasOf(hosts, byClass), [{ id: "a" }, { id: "b" }]);
    const folders = (of: ReturnType<typeof settings>) => hosts.flatMap((host) => dataFolders(host, hosts, of));
    assert.deepEqual(folders(byClass), []);
    assert.deepEqual(folders(settings({ storage: { directory: "/srv/m" } })), [
      "/srv/m/alertmanager",
      "/srv/m/prometheus",
      "/srv/m/alertmanager",
      "/srv/m/prometheus",
    ]);
  });
});

interface Prometheus {
  scrape_configs: { job_name: string; scheme?: string; file_sd_configs?: { files: string[] }[] }[];
  remote_write?: object[];
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
}

describe("monitoring: Prometheus", () => {
  const reached = {
    prometheus: { w1: "10.29.0.20" },
    alertmanager: { w1: "10.29.0.21", w2: "10.29.0.22" },
    kubeStateMetrics: "10.29.0.23",
  };
  const config = configOf({ metrics: {}, monitoring: {} });
  const document = (raw: object = {}, hosts = hostsOf([...threeHosts, worker(1)])) =>
    parse(renderPrometheus(hosts, config, settings(raw), reached)) as Prometheus;

  it("asks over TLS alone, and tells all copies of Alertmanager", () => {
    const { scrape_configs, alerting } = document();
    assert.ok(scrape_configs.every(({ scheme }) => scheme === "https"));
    assert.deepEqual(alerting.alertmanagers[0]?.static_configs[0]?.targets, ["10.29.0.21:9093", "10.29.0.22:9093"]);
  });

  it("finds the address of each host in one file for each job, of at most a hundred hosts and less than 1 MiB", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 320 }), (count) => {
        const many = Array.from({ length: count }, (_, index) => ({
          ...worker(index + 1),
          address: `10.1.${Math.floor(index / 200)}.${(index % 200) + 1}`,
        }));
        const hosts = hostsOf([...threeHosts, ...many]);
        const files = targetFiles(hosts, config);
        for (const file of files)
          assert.ok(Object.entries(file).reduce((sum, [name, text]) => sum + name.length + text.length, 0) < 2 ** 20);
        const groups = files
          .flatMap((file) => Object.entries(file))
          .filter(([name]) => /^node\.\d+\.json$/.test(name))
          .flatMap(([, text]) => JSON.parse(text) as { targets: string[]; labels: { instance: string } }[]);
        assert.deepEqual(
          groups.map(({ labels }) => labels.instance),
          hosts.map(({ name }) => name),
        );
        const names = new Set(
          document({}, hosts)
            .scrape_configs.flatMap((job) => job.file_sd_configs ?? [])
            .flatMap(({ files }) => files),
        );
        for (const name of files.flatMap((file) => Object.keys(file)))
          assert.ok(names.has(`/etc/plinth/targets/${name.replace(/\.\d+\.json$/, ".*.json")}`), name);
      }),
      { numRuns: 15 },
    );
  });

  it("sends everything to other storages where there are any", () => {
    assert.equal(document().remote_write, undefined);
    const remoteWrite = [
      { name: "a", url: "https://store.example.com/write", token: "t" },
      { name: "b", url: "https://other.example.com/write", user: "u", password: "p" },
    ];
    assert.deepEqual(document({ remoteWrite }).remote_write, [
      { name: "a", url: "https://store.example.com/write", authorization: { credentials: "t" } },
      { name: "b", url: "https://other.example.com/write", basic_auth: { username: "u", password: "p" } },
    ]);
  });

  it("keeps below the size of its volume", () => {
    assert.ok(
      prometheusArguments(settings({ storage: { size: "10Gi" } })).includes("--storage.tsdb.retention.size=8192MB"),
    );
  });
});

describe("monitoring: Alertmanager", () => {
  const routes = (raw: object) =>
    (parse(renderAlertmanager(settings(raw))) as { route: { routes: { receiver: string; matchers: string[] }[] } })
      .route.routes;

  it("tells each receiver of its severities, and the watchdog's address alone that it lives", () => {
    const told = routes({
      receivers: [
        { name: "pager", severities: ["critical"], webhook: { url: "https://pager.example.com/x" } },
        { name: "team", mail: { to: ["a@example.com"], from: "p@example.com", server: "mail.example.com:587" } },
      ],
      watchdog: { url: "https://dead.example.com/x" },
    });
    assert.deepEqual(
      told.map(({ receiver, matchers }) => [receiver, ...matchers]),
      [
        ["watchdog", 'scope="watchdog"'],
        ["pager", 'severity=~"critical"'],
        ["team", 'severity=~"critical|warning"'],
      ],
    );
    assert.deepEqual(
      routes({}).map(({ receiver }) => receiver),
      ["nobody"],
    );
  });

  it("agrees with the other copy over TLS, and with nobody where it is alone", () => {
    assert.ok(alertmanagerArguments(["10.29.0.21"]).includes("--cluster.listen-address="));
    const two = alertmanagerArguments(["10.29.0.21", "10.29.0.22"]);
    assert.ok(two.includes("--cluster.tls-config=/etc/plinth/web/gossip.yaml"));
    assert.equal(two.filter((word) => word.startsWith("--cluster.peer=")).length, 2);
  });
});

describe("monitoring: settings", () => {
  const hosts = hostsOf([...threeHosts, worker(1)]);
  it("are refused without figures of hosts, and where no Node takes it", () => {
    const messages = (raw: Record<string, unknown>, inventory = hosts) =>
      validateMonitoring(inventory, configOf(raw)).map(({ message }) => message);
    assert.deepEqual(messages({ metrics: {}, monitoring: {} }), []);
    assert.match(messages({ monitoring: {} }).join(), /hosts would tell Prometheus nothing/);
    assert.match(
      messages(
        { metrics: {}, monitoring: {} },
        hostsOf([{ ...threeHosts[0], taints: [{ key: "own", effect: "NoSchedule" }] }]),
      ).join(),
      /no Node takes Prometheus/,
    );
  });

  it("have one way for each receiver, and say what is wrong with it", () => {
    const findings = (monitoring: object) =>
      parseConfig({ monitoring })
        .findings.map(({ message }) => message)
        .filter((message) => message.includes("monitoring"))
        .join("\n");
    assert.match(findings({ receivers: [{ name: "x" }] }), /must have exactly one of webhook, mail and chat/);
    assert.match(
      findings({ receivers: [{ name: "x", webhook: { url: "pager" } }] }),
      /plinth:monitoring\.receivers\.0\.webhook\.url must be a URL/,
    );
    assert.match(findings({ retention: "long" }), /retention must be a time of Prometheus such as 30s or 15d/);
    assert.match(findings({ storage: { size: "much" } }), /size must be a quantity/);
  });
});
