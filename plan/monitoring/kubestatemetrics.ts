import { folders, monitoringPorts } from "./names.ts";

/** What kube-state-metrics watches, by group: what rules and dashboards go by, and no Secrets. */
export const watched: Readonly<Record<string, readonly string[]>> = {
  "": ["namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "resourcequotas", "services"],
  apps: ["daemonsets", "deployments", "replicasets", "statefulsets"],
  batch: ["cronjobs", "jobs"],
  autoscaling: ["horizontalpodautoscalers"],
  policy: ["poddisruptionbudgets"],
  "certificates.k8s.io": ["certificatesigningrequests"],
};

/** Words of kube-state-metrics. */
export function kubeStateMetricsArguments(): string[] {
  return [
    `--resources=${Object.values(watched).flat().toSorted().join(",")}`,
    `--port=${monitoringPorts.kubeStateMetrics}`,
    `--telemetry-port=${monitoringPorts.kubeStateMetricsSelf}`,
    `--tls-config=${folders.web}/web.yaml`,
  ];
}
