import type * as k8s from "@pulumi/kubernetes";
import { unprivilegedUser } from "../../../plan/addons/objects.ts";
import { folders } from "../../../plan/monitoring/names.ts";
import type { Demand } from "../../../plan/monitoring/settings.ts";

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Container = k8s.types.input.core.v1.Container;
type Probe = k8s.types.input.core.v1.Probe;

/** What all pods of the monitoring are like. */
export const podDefaults = {
  nodeSelector: { "kubernetes.io/os": "linux" },
  // Who is to tell of what goes wrong goes last.
  priorityClassName: "system-cluster-critical",
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: unprivilegedUser,
    runAsGroup: unprivilegedUser,
    fsGroup: unprivilegedUser,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  },
} satisfies Partial<PodSpec>;

/** Where `Ground.volumes` are in a container. */
export const groundMounts: k8s.types.input.core.v1.VolumeMount[] = (["identity", "server", "web"] as const).map(
  (name) => ({ name, mountPath: folders[name], readOnly: true }),
);

/** What all containers are like. */
export const containerDefaults = {
  imagePullPolicy: "IfNotPresent",
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
} satisfies Partial<Container>;

export function demands({ cpu, memory, memoryLimit }: Demand, limit: string): Container["resources"] {
  return { requests: { cpu, memory }, limits: { memory: memoryLimit ?? limit } };
}

/** A probe by a program of the image: who asks by HTTP alone has no identity to show. */
export function execProbe(command: string[], more: Partial<Probe> = {}): Probe {
  return { exec: { command }, periodSeconds: 10, timeoutSeconds: 8, failureThreshold: 6, ...more };
}
