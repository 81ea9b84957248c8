import type { LeafSpec } from "../bundle.ts";

/** Where all of it is, but for what stands beside CoreDNS. */
export const monitoringNamespace = "plinth-monitoring";

/** Ports in the cluster. */
export const monitoringPorts = {
  prometheus: 9090,
  alertmanager: 9093,
  /** Between copies of Alertmanager. */
  gossip: 9094,
  kubeStateMetrics: 8443,
  /** Of kube-state-metrics about itself. */
  kubeStateMetricsSelf: 8444,
  /** Of the proxy beside CoreDNS. */
  coredns: 9154,
} as const;

/** What every server here is called by those who ask it: addresses of pods come and go. */
export const monitoringServer = "monitoring.plinth.internal";

/** Of Prometheus, Alertmanager and kube-state-metrics. */
export const monitoringLeaf: LeafSpec = {
  name: "monitoring",
  authority: "kubernetes",
  commonName: monitoringServer,
  dnsNames: [monitoringServer],
  ipAddresses: [],
  uses: ["server_auth"],
};

/** Of the proxy beside CoreDNS. */
export const corednsMetricsLeaf: LeafSpec = { ...monitoringLeaf, name: "coredns-metrics" };

/** Folders in pods. */
export const folders = {
  /** `ca.crt`, `reader.crt`, `reader.key`: by which figures are asked for. */
  identity: "/etc/prometheus/plinth",
  /** `tls.crt` and `tls.key` of the server. */
  server: "/etc/plinth/tls",
  /** How the server answers, and how it is asked: `web.yaml`, `client.yaml`, `gossip.yaml`. */
  web: "/etc/plinth/web",
  config: "/etc/plinth/config",
  /** `JOB.N.json`: addresses of hosts, a hundred hosts a file. */
  targets: "/etc/plinth/targets",
  data: "/data",
} as const;
