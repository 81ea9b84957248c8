import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { contentName, labelsOf } from "../../../plan/addons/objects.ts";
import type { Host } from "../../../plan/inventory.ts";
import { alertmanagerArguments, renderAlertmanager } from "../../../plan/monitoring/alertmanager.ts";
import { folders, monitoringPorts } from "../../../plan/monitoring/names.ts";
import type { Replica } from "../../../plan/monitoring/replicas.ts";
import type { MonitoringSettings } from "../../../plan/monitoring/settings.ts";
import { copyBudget, copyDeployment, copyServices } from "./copies.ts";
import type { Ground } from "./ground.ts";
import { containerDefaults, demands, execProbe, groundMounts, podDefaults } from "./pods.ts";
import { dataClaim } from "./volumes.ts";

export interface AlertmanagerArgs {
  settings: MonitoringSettings;
  hosts: readonly Host[];
  replicas: readonly Replica[];
  ground: Ground;
}

const program = "alertmanager";
/** Silences, and what was told of: little. */
const size = "1Gi";
const ask = (what: string): string[] => [
  "/bin/amtool",
  `--alertmanager.url=https://localhost:${monitoringPorts.alertmanager}`,
  `--http.config.file=${folders.web}/client.yaml`,
  ...what.split(" "),
];

/** Copies of Alertmanager that agree who tells what. Returns copy → address. */
export function declareAlertmanager(
  { settings, hosts, replicas, ground }: AlertmanagerArgs,
  child: pulumi.CustomResourceOptions,
): Record<string, pulumi.Output<string>> {
  const { namespace } = ground;
  const ports = [
    { name: "https", port: monitoringPorts.alertmanager },
    { name: "gossip", port: monitoringPorts.gossip },
  ];
  const services = copyServices(program, replicas, ports, namespace, child);
  const text = renderAlertmanager(settings);
  const config = new k8s.core.v1.Secret(
    "alertmanager-config",
    {
      metadata: {
        name: contentName("alertmanager-config", text),
        namespace,
        labels: labelsOf(program, "monitoring"),
      },
      immutable: true,
      stringData: pulumi.secret({ "alertmanager.yaml": text }),
    },
    child,
  );
  copyBudget(program, namespace, child);
  let before: pulumi.Resource[] = [];
  for (const replica of replicas) {
    const claimName = dataClaim({ program, replica, settings, size, namespace }, child);
    const container: k8s.types.input.core.v1.Container = {
      ...containerDefaults,
      name: program,
      image: settings.images.alertmanager,
      args: pulumi.all(Object.values(services)).apply(alertmanagerArguments),
      env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
      ports: ports.map(({ name, port }) => ({ name, containerPort: port, protocol: "TCP" })),
      resources: demands(settings.alertmanager, "256Mi"),
      startupProbe: execProbe(ask("cluster show"), { periodSeconds: 3, failureThreshold: 60 }),
      readinessProbe: execProbe(ask("cluster show")),
      livenessProbe: execProbe(ask("cluster show"), { periodSeconds: 30 }),
      volumeMounts: [
        ...groundMounts,
        { name: "config", mountPath: folders.config, readOnly: true },
        { name: "data", mountPath: folders.data },
      ],
    };
    const pod = {
      ...podDefaults,
      automountServiceAccountToken: false,
      containers: [container],
      volumes: [
        ...ground.volumes,
        { name: "config", secret: { secretName: config.metadata.name, defaultMode: 0o440 } },
        { name: "data", persistentVolumeClaim: { claimName } },
      ],
    };
    // One after the other: there is always one that tells.
    const own = before.length === 0 ? child : { ...child, dependsOn: before };
    before = [copyDeployment({ program, replica, hosts, namespace, pod }, own)];
  }
  return services;
}
