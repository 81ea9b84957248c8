import { systemNamespace } from "../addons/objects.ts";
import { ruleGroups } from "../alerts/index.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { monitoringServer } from "../monitoring/names.ts";
import { dnsLabel, dnsPort } from "./pods.ts";
import { scrapeConfigs, type ScrapeConfig } from "./scrape.ts";

/** The Secret that the objects name, in their own namespace: `ca.crt`, `reader.crt` and `reader.key`. */
export const identitySecret = "plinth-metrics";

/** An object of Kubernetes. */
export interface OperatorObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}

const fromSecret = (key: string) => ({ name: identitySecret, key });

const identity = {
  ca: { secret: fromSecret("ca.crt") },
  cert: { secret: fromSecret("reader.crt") },
  keySecret: fromSecret("reader.key"),
};

/** Prometheus' `source_labels` is `sourceLabels` to its operator. */
const inCamelCase = (settings: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]: [string, unknown]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

/** Hosts are no pods and no Services: the operator has ScrapeConfig for them. */
function scrapeObject(config: ScrapeConfig): OperatorObject {
  const { job_name, metrics_path, static_configs, metric_relabel_configs } = config;
  return {
    apiVersion: "monitoring.coreos.com/v1alpha1",
    kind: "ScrapeConfig",
    metadata: { name: `plinth-${job_name}` },
    spec: {
      // All targets of an entry are of one job; without it the operator makes up a name.
      jobName: static_configs[0]?.labels["job"] ?? job_name,
      scheme: "HTTPS",
      metricsPath: metrics_path,
      tlsConfig: identity,
      staticConfigs: static_configs,
      ...(metric_relabel_configs === undefined
        ? {}
        : { metricRelabelings: metric_relabel_configs.map((one) => inCamelCase(one)) }),
    },
  };
}

/** The Service of the cluster's DNS does not lead to its figures: the pods are asked. */
const dnsMonitor: OperatorObject = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PodMonitor",
  metadata: { name: "plinth-coredns" },
  spec: {
    namespaceSelector: { matchNames: [systemNamespace] },
    selector: { matchLabels: { [dnsLabel.name]: dnsLabel.value } },
    podMetricsEndpoints: [
      {
        port: dnsPort,
        scheme: "https",
        tlsConfig: { ...identity, serverName: monitoringServer },
        relabelings: [
          { targetLabel: "job", replacement: "coredns" },
          { sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "instance" },
        ],
      },
    ],
  },
};

/**
 * Scrape configuration and rules as objects of the Prometheus operator. They have no namespace: they belong where its Prometheus looks for
 * them, beside `identitySecret`.
 *
 * @param pages see `ruleGroups`.
 */
export function operatorObjects(hosts: readonly Host[], config: ClusterConfig, pages: string): OperatorObject[] {
  return [
    ...scrapeConfigs(hosts, config).map(scrapeObject),
    dnsMonitor,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: "plinth" },
      spec: { groups: ruleGroups(pages) },
    },
  ];
}
