import assert from "node:assert/strict";
import { parse } from "yaml";
import { alertGroups } from "../../../../plan/alerts/index.ts";
import { prometheusFiles } from "../../../../plan/metrics/files.ts";
import { operatorObjects } from "../../../../plan/metrics/operator.ts";
import { scrapeConfigs } from "../../../../plan/metrics/scrape.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"], zone: "z1" }]);
const config = configOf({ metrics: {} });
const args = { pages: "https://example.org/alerts/", identity: "/etc/plinth-identity" };
const files = new Map(prometheusFiles(hosts, config, args).map(({ path, text }) => [path, text]));
const objects = operatorObjects(hosts, config, "https://example.org/alerts");
const document = (path: string) => parse(files.get(path) ?? "") as Record<string, unknown>;

describe("files for a Prometheus of one's own", () => {
  it("are scrape configuration, rules, and both as objects of its operator", () => {
    assert.deepEqual(
      [...files.keys()],
      ["scrape.yaml", "scrape-pods.yaml", "rules.yaml", "inhibitions.yaml", "operator.yaml"],
    );
    assert.deepEqual(document("scrape.yaml"), { scrape_configs: scrapeConfigs(hosts, config, args.identity) });
    assert.deepEqual(
      (document("rules.yaml")["groups"] as { name: string }[]).map(({ name }) => name),
      alertGroups.map(({ name }) => name),
    );
    assert.deepEqual(document("operator.yaml"), { apiVersion: "v1", kind: "List", items: objects });
    assert.deepEqual(prometheusFiles(hosts, config), prometheusFiles(hosts, config));
  });

  it("lead from alerts to the pages that the stack names, where nobody says otherwise", () => {
    const rulesOf = (raw: object) =>
      prometheusFiles(hosts, configOf({ metrics: {}, ...raw })).find(({ path }) => path === "rules.yaml")?.text ?? "";
    assert.match(files.get("rules.yaml") ?? "", /runbook_url: https:\/\/example\.org\/alerts\/HostDown\.md$/m);
    assert.match(rulesOf({}), /runbook_url: docs\/alerts\/HostDown\.md$/m);
    const pages = "https://docs.example.org/alerts";
    assert.match(
      rulesOf({ monitoring: { pages } }),
      /runbook_url: https:\/\/docs\.example\.org\/alerts\/HostDown\.md$/m,
    );
  });

  it("name the identity by files or by a Secret, and hold none of it", () => {
    for (const text of files.values()) assert.doesNotMatch(text, /BEGIN|PRIVATE/);
    for (const path of ["scrape.yaml", "scrape-pods.yaml"])
      for (const { tls_config } of document(path)["scrape_configs"] as { tls_config: Record<string, string> }[])
        assert.deepEqual(
          ["ca_file", "cert_file", "key_file"].map((key) => tls_config[key]),
          ["ca.crt", "reader.crt", "reader.key"].map((name) => `${args.identity}/${name}`),
        );
  });

  it("have an object for each entry of the scrape configuration, which asks the same of the same", () => {
    const scraped = objects.filter(({ kind }) => kind === "ScrapeConfig");
    const entries = scrapeConfigs(hosts, config);
    assert.deepEqual(
      scraped.map(({ metadata, spec }) => [metadata.name, spec["metricsPath"], spec["staticConfigs"]]),
      entries.map(({ job_name, metrics_path, static_configs }) => [`plinth-${job_name}`, metrics_path, static_configs]),
    );
    for (const { spec } of scraped)
      for (const { labels } of spec["staticConfigs"] as { labels: { job: string } }[])
        assert.equal(labels.job, spec["jobName"], "the operator gives targets the name that rules go by");
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
    for (const { metadata } of objects) assert.match(metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  it("are written as the operator has it", () => {
    const found = objects.find(({ metadata }) => metadata.name === "plinth-kubelet-cadvisor");
    const [target] = found?.spec["staticConfigs"] as unknown[];
    assert.deepEqual(target, {
      targets: ["192.0.2.11:10250"],
      labels: { job: "kubelet", instance: "cp1", metrics_path: "/metrics/cadvisor" },
    });
    assert.deepEqual(
      { ...found, spec: { ...found?.spec, staticConfigs: [] } },
      {
        apiVersion: "monitoring.coreos.com/v1alpha1",
        kind: "ScrapeConfig",
        metadata: { name: "plinth-kubelet-cadvisor" },
        spec: {
          jobName: "kubelet",
          scheme: "HTTPS",
          metricsPath: "/metrics/cadvisor",
          tlsConfig: {
            ca: { secret: { name: "plinth-metrics", key: "ca.crt" } },
            cert: { secret: { name: "plinth-metrics", key: "reader.crt" } },
            keySecret: { name: "plinth-metrics", key: "reader.key" },
          },
          staticConfigs: [],
          metricRelabelings: [
            {
              sourceLabels: ["__name__"],
              regex:
                "container_(network_(tcp|tcp6|udp|udp6)_usage_total|tasks_state|cpu_load_(d_)?average_10s|blkio_device_usage_total|memory_failures_total)",
              action: "drop",
            },
          ],
        },
      },
    );
  });
});
