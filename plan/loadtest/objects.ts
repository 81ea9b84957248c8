import { unprivilegedUser } from "../addons/objects.ts";
import { claimAnnotations, idLabel, type Claim } from "./claim.ts";

type Manifest = Record<string, unknown>;

/** The object that the clients which look for gaps write to. */
export const writtenName = "written";
/** Label of the pods. */
export const podLabel = { "app.kubernetes.io/name": "plinth-loadtest-pod" } as const;

export function namespaceOf(id: string): string {
  return `plinth-loadtest-${id}`;
}

const labelsOf = (id: string) => ({ "app.kubernetes.io/managed-by": "plinth", [idLabel]: id });

/** The namespace of a test, with which everything else of it goes away. Its pods have to keep to the standard `restricted`. */
export function namespaceObject(id: string, claim: Claim): Manifest {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespaceOf(id),
      labels: { ...labelsOf(id), "pod-security.kubernetes.io/enforce": "restricted" },
      annotations: claimAnnotations(claim),
    },
  };
}

/** @param content differs from one update to the next. */
export function configMapObject(id: string, name: string, bytes: number, content: number): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: namespaceOf(id), labels: labelsOf(id) },
    data: configMapData(bytes, content),
  };
}

export function configMapData(bytes: number, content: number): Record<string, string> {
  return { content: String(content).padStart(bytes, "x") };
}

export interface PodArgs {
  /** Of the test. */
  id: string;
  name: string;
  /** One that every Node has: that of the pods' sandboxes. It does nothing until it is ended. */
  image: string;
  /** Nodes that it may run on. */
  nodes: readonly string[];
}

/**
 * A pod that runs a program which waits. It has no token, no rights, no volume; it asks for next to nothing, and spreads over its Nodes.
 * It does not tolerate anything: Nodes that are not for everybody's pods are left alone.
 */
export function podObject({ id, name, image, nodes }: PodArgs): Manifest {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: [...nodes] }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: namespaceOf(id), labels: { ...labelsOf(id), ...podLabel } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: podLabel },
        },
      ],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: unprivilegedUser,
        runAsGroup: unprivilegedUser,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "pod",
          image,
          imagePullPolicy: "IfNotPresent",
          resources: { requests: { cpu: "1m", memory: "4Mi" }, limits: { memory: "32Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}
