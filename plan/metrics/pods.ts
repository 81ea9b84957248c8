import { systemNamespace } from "../addons/objects.ts";
import { monitoringServer } from "../monitoring/names.ts";
import { identityFolder } from "./scrape.ts";

/** Label of the pods of the cluster's DNS, and its value: the same in every cluster. */
export const dnsLabel = { name: "k8s-app", value: "kube-dns" } as const;
/** The port of their container at which they tell figures. */
export const dnsPort = "metrics";

/** What Prometheus is told of pods, as an entry of `scrape_configs`. */
export interface PodScrapeConfig {
  job_name: string;
  scheme: "https";
  tls_config: { ca_file: string; cert_file: string; key_file: string; server_name: string };
  kubernetes_sd_configs: Record<string, unknown>[];
  relabel_configs: Record<string, unknown>[];
}

/**
 * How a Prometheus within the cluster comes to the figures of the cluster's DNS; from elsewhere there is no way to pods. `instance` is the
 * name of the Node. Its account must be able to list and watch pods of kube-system.
 *
 * @param folder see `identityFolder`.
 */
export function podScrapeConfigs(folder = identityFolder): PodScrapeConfig[] {
  return [
    {
      job_name: "coredns",
      scheme: "https",
      tls_config: {
        ca_file: `${folder}/ca.crt`,
        cert_file: `${folder}/reader.crt`,
        key_file: `${folder}/reader.key`,
        server_name: monitoringServer,
      },
      kubernetes_sd_configs: [
        {
          role: "pod",
          namespaces: { names: [systemNamespace] },
          selectors: [{ role: "pod", label: `${dnsLabel.name}=${dnsLabel.value}` }],
        },
      ],
      relabel_configs: [
        { source_labels: ["__meta_kubernetes_pod_container_port_name"], regex: dnsPort, action: "keep" },
        { source_labels: ["__meta_kubernetes_pod_node_name"], target_label: "instance" },
        { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
      ],
    },
  ];
}
