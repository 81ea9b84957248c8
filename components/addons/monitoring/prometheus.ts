import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { renderRules } from "../../../plan/alerts/index.ts";
import { labelsOf } from "../../../plan/addons/objects.ts";
import type { ClusterConfig } from "../../../plan/config.ts";
import type { Host } from "../../../plan/inventory.ts";
import { folders, monitoringPorts } from "../../../plan/monitoring/names.ts";
import {
  prometheusArguments,
  prometheusMemoryLimit,
  renderPrometheus,
  targetFiles,
} from "../../../plan/monitoring/prometheus.ts";
import type { Replica } from "../../../plan/monitoring/replicas.ts";
import type { MonitoringSettings } from "../../../plan/monitoring/settings.ts";
import { copyBudget, copyDeployment, copyServices } from "./copies.ts";
import type { Ground } from "./ground.ts";
import { containerDefaults, demands, execProbe, groundMounts, podDefaults } from "./pods.ts";
import { dataClaim } from "./volumes.ts";

export interface PrometheusArgs {
  config: ClusterConfig;
  settings: MonitoringSettings;
  hosts: readonly Host[];
  replicas: readonly Replica[];
  ground: Ground;
  /** Copy → address. */
  alertmanager: Record<string, pulumi.Output<string>>;
  kubeStateMetrics: pulumi.Output<string>;
}

const program = "prometheus";
const labels = labelsOf(program, "monitoring");
const ask = (what: string): string[] => [
  "/bin/promtool",
  "check",
  what,
  `--url=https://localhost:${monitoringPorts.prometheus}`,
  `--http.config.file=${folders.web}/client.yaml`,
];

/** Copies of Prometheus that do the same side by side: each asks all hosts, looks at all rules and tells all copies of Alertmanager. */
export function declarePrometheus(args: PrometheusArgs, child: pulumi.CustomResourceOptions): void {
  const { settings, hosts, replicas, ground } = args;
  const { namespace } = ground;
  const services = copyServices(
    program,
    replicas,
    [{ name: "https", port: monitoringPorts.prometheus }],
    namespace,
    child,
  );
  const account = discovery(namespace, child);
  const volumes = [...ground.volumes, ...configVolumes(args, services, child)];
  copyBudget(program, namespace, child);
  let before: pulumi.Resource[] = [];
  for (const replica of replicas) {
    const claimName = dataClaim({ program, replica, settings, size: settings.storage.size, namespace }, child);
    const container: k8s.types.input.core.v1.Container = {
      ...containerDefaults,
      name: program,
      image: settings.images.prometheus,
      args: prometheusArguments(settings),
      env: [{ name: "REPLICA", value: replica.id }],
      ports: [{ name: "https", containerPort: monitoringPorts.prometheus, protocol: "TCP" }],
      resources: demands(settings.prometheus, prometheusMemoryLimit(hosts)),
      // After a crash it reads its log of the last hours first.
      startupProbe: execProbe(ask("ready"), { periodSeconds: 3, failureThreshold: 300 }),
      readinessProbe: execProbe(ask("ready")),
      livenessProbe: execProbe(ask("healthy"), { periodSeconds: 30 }),
      volumeMounts: [
        ...groundMounts,
        { name: "config", mountPath: folders.config, readOnly: true },
        { name: "targets", mountPath: folders.targets, readOnly: true },
        { name: "data", mountPath: folders.data },
      ],
    };
    const pod = {
      ...podDefaults,
      serviceAccountName: account,
      terminationGracePeriodSeconds: 120,
      containers: [container],
      volumes: [...volumes, { name: "data", persistentVolumeClaim: { claimName } }],
    };
    // One after the other: there is always one that watches.
    const own = before.length === 0 ? child : { ...child, dependsOn: before };
    before = [copyDeployment({ program, replica, hosts, namespace, pod }, own)];
  }
}

/** Configuration, rules and the addresses of hosts. Prometheus takes them without a restart. */
function configVolumes(
  { config, settings, hosts, ground, alertmanager, kubeStateMetrics }: PrometheusArgs,
  services: Record<string, pulumi.Output<string>>,
  child: pulumi.CustomResourceOptions,
): k8s.types.input.core.v1.Volume[] {
  const metadata = (name: string) => ({ name, namespace: ground.namespace, labels });
  const text = pulumi
    .all([pulumi.all(services), pulumi.all(alertmanager), kubeStateMetrics])
    .apply(([prometheus, others, state]) =>
      renderPrometheus(hosts, config, settings, { prometheus, alertmanager: others, kubeStateMetrics: state }),
    );
  const secret = new k8s.core.v1.Secret(
    "prometheus-config",
    {
      metadata: metadata("prometheus-config"),
      stringData: { "prometheus.yaml": settings.remoteWrite.length === 0 ? text : pulumi.secret(text) },
    },
    child,
  );
  const rules = new k8s.core.v1.ConfigMap(
    "prometheus-rules",
    { metadata: metadata("prometheus-rules"), data: { "rules.yaml": renderRules(settings.pages) } },
    child,
  );
  const targets = targetFiles(hosts, config).map(
    (data, part) =>
      new k8s.core.v1.ConfigMap(
        `prometheus-targets-${part}`,
        { metadata: metadata(`prometheus-targets-${part}`), data },
        child,
      ),
  );
  return [
    {
      name: "config",
      projected: {
        sources: [{ secret: { name: secret.metadata.name } }, { configMap: { name: rules.metadata.name } }],
      },
    },
    { name: "targets", projected: { sources: targets.map(({ metadata: { name } }) => ({ configMap: { name } })) } },
  ];
}

/** The pods' identity in the API: it finds the pods of the cluster's DNS, and nothing else. Returns the account's name. */
function discovery(namespace: pulumi.Input<string>, child: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const account = new k8s.core.v1.ServiceAccount(program, { metadata: { name: program, namespace, labels } }, child);
  const metadata = { name: "plinth-prometheus", namespace: "kube-system", labels };
  const role = new k8s.rbac.v1.Role(
    program,
    { metadata, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }] },
    child,
  );
  new k8s.rbac.v1.RoleBinding(
    program,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
    },
    child,
  );
  return account.metadata.name;
}
