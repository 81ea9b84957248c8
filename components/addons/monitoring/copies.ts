import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../../plan/addons/objects.ts";
import { addonHosts, placeTolerations } from "../../../plan/addons/placement.ts";
import type { Host } from "../../../plan/inventory.ts";
import type { Replica } from "../../../plan/monitoring/replicas.ts";

export type Program = "prometheus" | "alertmanager";

/** Labels of a copy's pods, and what they are found by. */
export function copyLabels(program: Program, { id }: Replica) {
  const selector = { "app.kubernetes.io/name": program, "app.kubernetes.io/instance": id };
  return { labels: { ...labelsOf(program, "monitoring"), ...selector }, selector };
}

/** A Service for each copy: an address that outlives its pods, which those who ask are told without DNS. `Replica.id` → address. */
export function copyServices(
  program: Program,
  replicas: readonly Replica[],
  ports: readonly { name: string; port: number }[],
  namespace: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    replicas.map((replica) => {
      const { labels, selector } = copyLabels(program, replica);
      const name = `${program}-${replica.id}`;
      const service = new k8s.core.v1.Service(
        name,
        {
          // Copies find each other before they are ready.
          metadata: { name, namespace, labels, annotations: { "pulumi.com/skipAwait": "true" } },
          spec: {
            type: "ClusterIP",
            selector,
            publishNotReadyAddresses: true,
            ports: ports.map((port) => ({ ...port, targetPort: port.port })),
          },
        },
        child,
      );
      return [replica.id, service.spec.clusterIP];
    }),
  );
}

/** Keeps drains from taking both copies at a time. */
export function copyBudget(
  program: Program,
  namespace: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): void {
  new k8s.policy.v1.PodDisruptionBudget(
    program,
    {
      metadata: { name: program, namespace, labels: labelsOf(program, "monitoring") },
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: "AlwaysAllow",
        selector: { matchLabels: { "app.kubernetes.io/name": program } },
      },
    },
    child,
  );
}

export interface CopyArgs {
  program: Program;
  replica: Replica;
  hosts: readonly Host[];
  namespace: pulumi.Input<string>;
  pod: k8s.types.input.core.v1.PodSpec;
}

/** One copy: a Deployment of one pod, on the Node of its data, or apart from the other one where a class gives it a volume. */
export function copyDeployment(
  { program, replica, hosts, namespace, pod }: CopyArgs,
  child: pulumi.CustomResourceOptions,
): k8s.apps.v1.Deployment {
  const { labels, selector } = copyLabels(program, replica);
  const term = {
    labelSelector: { matchLabels: { "app.kubernetes.io/name": program } },
    topologyKey: "kubernetes.io/hostname",
  };
  const apart = addonHosts(hosts).length >= 2 ? { requiredDuringSchedulingIgnoredDuringExecution: [term] } : {};
  return new k8s.apps.v1.Deployment(
    `${program}-${replica.id}`,
    {
      metadata: { name: `${program}-${replica.id}`, namespace, labels },
      spec: {
        replicas: 1,
        revisionHistoryLimit: 2,
        // Two pods cannot have the data at the same time.
        strategy: { type: "Recreate" },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...pod,
            tolerations: [...placeTolerations],
            ...(replica.node === undefined ? { affinity: { podAntiAffinity: apart } } : {}),
          },
        },
      },
    },
    child,
  );
}
