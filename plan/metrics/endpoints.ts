import type { ClusterConfig } from "../config.ts";
import { isMachine, isNode, type Host } from "../inventory.ts";
import { ports } from "../ports.ts";

/** Where a service that has no login of its own, or answers on loopback alone, tells its figures. */
export interface Upstream {
  /** On 127.0.0.1. */
  port: number;
  path: string;
  /** Over TLS, with the identity for figures: it asks who comes. Default: plain HTTP. */
  tls?: true;
}

/** Something of a host that tells figures, over TLS, to the identity for them alone. */
export interface Endpoint {
  /** Name of Prometheus' job, by which the rules of the field know it. */
  job: string;
  port: number;
  path: string;
  /** What stands behind the host's proxy. Default: the service has the port itself. */
  upstream?: Upstream;
}

/** The user, and the common name of the certificate, that may read figures and nothing else. */
export const metricsUser = "plinth:metrics";

/** The same as a name that the certificate is good for: what runs in the cluster lets it in by that. */
export const metricsReaderName = "metrics-reader.plinth.internal";

/** Whether a host tells figures. Machines besides the cluster have no certificate of it: the role `node-exporter` is for them. */
export const tellsMetrics = (host: Host, { metrics }: Pick<ClusterConfig, "metrics">): boolean =>
  metrics !== undefined && !isMachine(host);

/** Services behind the proxy: those that hosts have by what they are. */
const proxied: readonly { job: string; on: (host: Host, config: ClusterConfig) => boolean; upstream: Upstream }[] = [
  { job: "node", on: () => true, upstream: { port: ports.nodeExporter, path: "/metrics" } },
  { job: "etcd", on: ({ roles }) => roles.includes("etcd"), upstream: { port: ports.etcdMetrics, path: "/metrics" } },
  ...(
    [
      ["kube-controller-manager", ports.controllerManager],
      ["kube-scheduler", ports.scheduler],
    ] as const
  ).map(([job, port]) => ({
    job,
    on: ({ roles }: Host) => roles.includes("control-plane"),
    upstream: { port, path: "/metrics", tls: true } as const,
  })),
  {
    job: "haproxy",
    on: ({ roles }, { vip }) => roles.includes("load-balancer") && vip !== undefined,
    upstream: { port: ports.haproxyMetrics, path: "/metrics" },
  },
  { job: "kube-proxy", on: isNode, upstream: { port: ports.kubeProxyMetrics, path: "/metrics" } },
  { job: "containerd", on: isNode, upstream: { port: ports.containerdMetrics, path: "/v1/metrics" } },
];

/** Jobs that come by the proxy: where it is down, they say nothing of their services. */
export const proxiedJobs: readonly string[] = proxied.map(({ job }) => job);

/** What tells figures on a host, in the order of its services. */
export function endpointsOf(host: Host, config: ClusterConfig): Endpoint[] {
  const { metrics } = config;
  if (metrics === undefined || !tellsMetrics(host, config)) return [];
  const own = [
    ...(host.roles.includes("control-plane") ? [{ job: "apiserver", port: ports.apiserver, path: "/metrics" }] : []),
    ...(isNode(host)
      ? ["/metrics", "/metrics/cadvisor", "/metrics/probes"].map((path) => ({
          job: "kubelet",
          port: ports.kubelet,
          path,
        }))
      : []),
  ];
  const behind = proxied
    .filter(({ on }) => on(host, config))
    .map(({ job, upstream }) => ({ job, port: metrics.port, path: `/${job}`, upstream }));
  return [...own, ...behind];
}
