import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import type { LeafSpec } from "../bundle.ts";
import { systemNamespace } from "./objects.ts";
import { addonHosts, hundredsOfNodes } from "./placement.ts";

/** Port of metrics-server's container. */
export const metricsPort = 10250;
/** Directory of the serving certificate in the container. */
export const metricsTlsDirectory = "/etc/metrics-server/tls";

/** Replicas of metrics-server: two where they can be apart. */
export function metricsReplicas(hosts: readonly Host[]): 1 | 2 {
  return addonHosts(hosts).length >= 2 ? 2 : 1;
}

/** Memory limit of metrics-server: it keeps about 2 MiB per Node, upstream's measure, beside itself. */
export function metricsMemoryLimit(hosts: readonly Host[]): string {
  return `${128 + 256 * hundredsOfNodes(hosts)}Mi`;
}

/** The certificate by which API servers recognise metrics-server. */
export function metricsLeaf(config: Pick<ClusterConfig, "clusterDomain">): LeafSpec {
  const service = `metrics-server.${systemNamespace}.svc`;
  return {
    name: "metrics-server",
    authority: "kubernetes",
    commonName: service,
    dnsNames: [service, `${service}.${config.clusterDomain}`],
    ipAddresses: [],
    uses: ["server_auth"],
  };
}

/**
 * Arguments of metrics-server. Kubelets are verified: their serving certificates are signed by the cluster's authority,
 * which every pod has beside its token, and name the host's address.
 */
export function metricsArguments(): string[] {
  return [
    `--secure-port=${metricsPort}`,
    `--tls-cert-file=${metricsTlsDirectory}/tls.crt`,
    `--tls-private-key-file=${metricsTlsDirectory}/tls.key`,
    "--tls-min-version=VersionTLS12",
    "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    "--kubelet-preferred-address-types=InternalIP",
    "--kubelet-use-node-status-port",
    "--metric-resolution=15s",
  ];
}
