import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../../plan/addons/objects.ts";
import { addonTolerations, apart, hundredsOfNodes, ratherWorkers } from "../../../plan/addons/placement.ts";
import type { Host } from "../../../plan/inventory.ts";
import { kubeStateMetricsArguments, watched } from "../../../plan/monitoring/kubestatemetrics.ts";
import { monitoringPorts } from "../../../plan/monitoring/names.ts";
import type { Replica } from "../../../plan/monitoring/replicas.ts";
import type { MonitoringSettings } from "../../../plan/monitoring/settings.ts";
import type { Ground } from "./ground.ts";
import { containerDefaults, demands, groundMounts, podDefaults } from "./pods.ts";

export interface KubeStateMetricsArgs {
  settings: MonitoringSettings;
  hosts: readonly Host[];
  /** As many as of the others. */
  replicas: readonly Replica[];
  ground: Ground;
}

const program = "kube-state-metrics";
const selector = { "app.kubernetes.io/name": program };
const labels = labelsOf(program, "monitoring");

/** What the API knows of Nodes and workloads, as figures. Whoever asks gets an answer of one of the copies: they tell the same. Returns the address. */
export function declareKubeStateMetrics(
  { settings, hosts, replicas, ground }: KubeStateMetricsArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { namespace } = ground;
  const metadata = { name: program, namespace, labels };
  const service = new k8s.core.v1.Service(
    program,
    {
      metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        type: "ClusterIP",
        selector,
        ports: [{ name: "https", port: monitoringPorts.kubeStateMetrics, targetPort: "https" }],
      },
    },
    child,
  );
  new k8s.apps.v1.Deployment(
    program,
    {
      metadata,
      spec: {
        replicas: replicas.length,
        revisionHistoryLimit: 2,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...podDefaults,
            tolerations: [...addonTolerations],
            serviceAccountName: account(namespace, child),
            affinity: { podAntiAffinity: apart(hosts, selector), nodeAffinity: ratherWorkers },
            containers: [
              {
                ...containerDefaults,
                name: program,
                image: settings.images.kubeStateMetrics,
                args: kubeStateMetricsArguments(),
                ports: [{ name: "https", containerPort: monitoringPorts.kubeStateMetrics, protocol: "TCP" }],
                resources: demands(settings.kubeStateMetrics, `${128 + 256 * hundredsOfNodes(hosts)}Mi`),
                // Who asks by HTTP alone has no identity to show.
                readinessProbe: { tcpSocket: { port: "https" }, periodSeconds: 5 },
                livenessProbe: { tcpSocket: { port: "https" }, periodSeconds: 10, failureThreshold: 6 },
                volumeMounts: groundMounts,
              },
            ],
            volumes: ground.volumes,
          },
        },
      },
    },
    child,
  );
  return service.spec.clusterIP;
}

/** The pods' identity: it watches what is counted. Returns the account's name. */
function account(namespace: pulumi.Input<string>, child: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const own = new k8s.core.v1.ServiceAccount(program, { metadata: { name: program, namespace, labels } }, child);
  const role = new k8s.rbac.v1.ClusterRole(
    program,
    {
      metadata: { name: "plinth:kube-state-metrics", labels },
      rules: Object.entries(watched).map(([group, resources]) => ({
        apiGroups: [group],
        resources: [...resources],
        verbs: ["list", "watch"],
      })),
    },
    child,
  );
  new k8s.rbac.v1.ClusterRoleBinding(
    program,
    {
      metadata: { name: "plinth:kube-state-metrics", labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
      subjects: [{ kind: "ServiceAccount", name: own.metadata.name, namespace }],
    },
    child,
  );
  return own.metadata.name;
}
