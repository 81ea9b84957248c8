import { hundredsOfNodes } from "../addons/placement.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { podScrapeConfigs } from "../metrics/pods.ts";
import { jobsOf, type Job } from "../metrics/scrape.ts";
import { bytesOf } from "../quantity.ts";
import { renderYaml } from "../yaml.ts";
import { folders, monitoringPorts } from "./names.ts";
import type { MonitoringSettings } from "./settings.ts";
import { clientTls } from "./web.ts";

/** Hosts whose addresses stand in one file: a ConfigMap holds 1 MiB. */
const hostsPerFile = 100;

/** Where what runs in the cluster for it is reached: Node of a copy, or what else it is called, → address of its Service. */
export interface Reached {
  prometheus: Readonly<Record<string, string>>;
  alertmanager: Readonly<Record<string, string>>;
  kubeStateMetrics: string;
}

/**
 * Addresses of the hosts for `file_sd_configs`: a map of file name → content for each hundred of hosts. Prometheus reads them anew when
 * they change.
 */
export function targetFiles(hosts: readonly Host[], config: ClusterConfig): Record<string, string>[] {
  const parts = Array.from({ length: Math.ceil(hosts.length / hostsPerFile) }, (_, part) =>
    hosts.slice(part * hostsPerFile, (part + 1) * hostsPerFile),
  );
  return parts.map((some, part) =>
    Object.fromEntries(
      jobsOf(some, config).map(({ name, targets }) => [
        `${name}.${part}.json`,
        `${JSON.stringify(targets, null, 1)}\n`,
      ]),
    ),
  );
}

/** A job on hosts, whose addresses stand in files. */
const onHosts = ({ name, settings }: Job) => ({
  job_name: name,
  ...settings,
  tls_config: { ...clientTls, server_name: undefined },
  file_sd_configs: [{ files: [`${folders.targets}/${name}.*.json`] }],
});

const inCluster = { scheme: "https", tls_config: clientTls };

/** A job in the cluster, with an address for each copy. */
const copies = (job: string, addresses: Readonly<Record<string, string>>, port: number) => ({
  job_name: job,
  ...inCluster,
  static_configs: Object.entries(addresses).map(([instance, address]) => ({
    targets: [`${address}:${port}`],
    labels: { instance },
  })),
});

/** Prometheus' configuration, with secrets in it where another storage asks for them. One for all copies: REPLICA is of their environment. */
export function renderPrometheus(
  hosts: readonly Host[],
  config: ClusterConfig,
  settings: MonitoringSettings,
  reached: Reached,
): string {
  return renderYaml(
    plain({
      global: {
        scrape_interval: settings.interval,
        evaluation_interval: settings.interval,
        external_labels: { cluster: config.clusterName, replica: "${REPLICA}" },
      },
      rule_files: [`${folders.config}/rules.yaml`],
      alerting: {
        // Copies say the same: Alertmanager takes it for one.
        alert_relabel_configs: [{ regex: "replica", action: "labeldrop" }],
        alertmanagers: [
          {
            ...inCluster,
            static_configs: [
              {
                targets: Object.values(reached.alertmanager).map(
                  (address) => `${address}:${monitoringPorts.alertmanager}`,
                ),
              },
            ],
          },
        ],
      },
      scrape_configs: [
        ...jobsOf(hosts, config).map(onHosts),
        copies("prometheus", reached.prometheus, monitoringPorts.prometheus),
        copies("alertmanager", reached.alertmanager, monitoringPorts.alertmanager),
        {
          ...copies(
            "kube-state-metrics",
            { "kube-state-metrics": reached.kubeStateMetrics },
            monitoringPorts.kubeStateMetrics,
          ),
          honor_labels: true,
        },
        ...podScrapeConfigs(folders.identity),
      ],
      ...(settings.remoteWrite.length === 0
        ? {}
        : {
            remote_write: settings.remoteWrite.map(({ name, url, token, user, password }) => ({
              name,
              url,
              ...(token === undefined ? {} : { authorization: { credentials: token } }),
              ...(user === undefined ? {} : { basic_auth: { username: user, password } }),
            })),
          }),
    }),
  );
}

/** Without keys that have no value. */
function plain<T>(document: T): T {
  return JSON.parse(JSON.stringify(document)) as T;
}

/** Words of Prometheus. */
export function prometheusArguments({ retention, storage }: MonitoringSettings): string[] {
  return [
    `--config.file=${folders.config}/prometheus.yaml`,
    "--enable-feature=auto-reload-config",
    "--config.auto-reload-interval=15s",
    `--storage.tsdb.path=${folders.data}`,
    `--storage.tsdb.retention.time=${retention}`,
    `--storage.tsdb.retention.size=${Math.floor((bytesOf(storage.size) * 0.8) / 2 ** 20)}MB`,
    `--web.config.file=${folders.web}/web.yaml`,
    `--web.listen-address=:${monitoringPorts.prometheus}`,
  ];
}

/** Memory that Prometheus may take: what five hosts need, and as much again for every hundred Nodes (docs/monitoring.md has the measure). */
export const prometheusMemoryLimit = (hosts: readonly Host[]): string => `${1 + hundredsOfNodes(hosts)}Gi`;
