import { isMap, type PropertyValue } from "../provider/values.ts";
import type { GroupVersionKind } from "./kinds.ts";

/** What the provider's configuration and the object say about data that may change in place. */
export interface Mutability {
  configMaps: boolean;
  secrets: boolean;
  /** The object's own `immutable`. */
  immutable: boolean;
}

const SELECTOR = [".spec.selector"];

const STATEFUL_SET = [
  ".spec.podManagementPolicy",
  ".spec.revisionHistoryLimit",
  ...SELECTOR,
  ".spec.serviceName",
  ".spec.volumeClaimTemplates",
];

const CONTAINER = [
  "args",
  "command",
  "env",
  "image",
  "imagePullPolicy",
  "lifecycle",
  "livenessProbe",
  "ports",
  "readinessProbe",
  "resources",
  "securityContext",
  "stdin",
  "stdinOnce",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "tty",
  "volumeDevices",
  "volumeMounts",
  "workingDir",
];

const POD = [
  "affinity",
  "automountServiceAccountToken",
  "dnsConfig",
  "dnsPolicy",
  "enableServiceLinks",
  "hostAliases",
  "hostIPC",
  "hostNetwork",
  "hostPID",
  "hostname",
  "imagePullSecrets",
  "nodeName",
  "nodeSelector",
  "overhead",
  "preemptionPolicy",
  "priority",
  "priorityClassName",
  "readinessGates",
  "restartPolicy",
  "runtimeClassName",
  "schedulerName",
  "securityContext",
  "serviceAccount",
  "serviceAccountName",
  "shareProcessNamespace",
  "subdomain",
  "terminationGracePeriodSeconds",
  "volumes",
  ...["containers", "initContainers"].flatMap((list) => CONTAINER.map((field) => `${list}[*].${field}`)),
].map((field) => `.spec.${field}`);

const VOLUME_SOURCES = [
  ...["awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"],
  ...["gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume"],
  ...["quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"],
].map((field) => `.spec.${field}`);

/** By `group/Kind`: what the official provider replaces for, in the versions that are still served. */
const BY_KIND: Record<string, readonly string[]> = {
  "apps/DaemonSet": SELECTOR,
  "apps/Deployment": SELECTOR,
  "apps/StatefulSet": STATEFUL_SET,
  "batch/Job": [".spec.completions", ".spec.parallelism", ...SELECTOR, ".spec.template"],
  "/PersistentVolume": VOLUME_SOURCES,
  "/PersistentVolumeClaim": [".spec.accessModes", ...SELECTOR, ".spec.storageClassName", ".spec.volumeName"],
  "/Pod": POD,
  "/ResourceQuota": [".spec.scopes"],
  "/Secret": [".type"],
  "/Service": [".spec.clusterIP"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": [".roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": [".roleRef"],
  "storage.k8s.io/StorageClass": [".parameters", ".provisioner"],
};

const IDENTITY: readonly string[] = [".metadata.name", ".metadata.namespace"];

/** Paths whose change replaces an object of this kind. */
export function forceNewPaths(gvk: GroupVersionKind, mutability: Mutability): string[] {
  const key = `${gvk.group}/${gvk.kind}`;
  const fixed = mutability.immutable;
  if (key === "/Secret" && (!mutability.secrets || fixed)) {
    return [...IDENTITY, ".type", ".stringData", ".data"];
  }
  if (key === "/ConfigMap" && (!mutability.configMaps || fixed)) {
    return [...IDENTITY, ".binaryData", ".data"];
  }
  return [...IDENTITY, ...(BY_KIND[key] ?? [])];
}

export type PathSegment = string | number;

/** Whether a change of `value` at `path` touches one of `patterns`, inside of the value or above it. */
export function touches(
  path: readonly PathSegment[],
  value: PropertyValue | undefined,
  patterns: readonly string[],
): boolean {
  return patterns.some((pattern) => matches(path, value, segmentsOf(pattern)));
}

const segmentsOf = (pattern: string): string[] => pattern.replaceAll("[*]", ".*").split(".").slice(1);

function matches(path: readonly PathSegment[], value: PropertyValue | undefined, pattern: readonly string[]): boolean {
  const [wanted, ...deeper] = pattern;
  if (wanted === undefined) {
    return true;
  }
  const [segment, ...rest] = path;
  if (segment !== undefined) {
    return (wanted === "*" ? typeof segment === "number" : wanted === segment) && matches(rest, value, deeper);
  }
  if (wanted === "*") {
    return Array.isArray(value) && value.some((item) => matches([], item, deeper));
  }
  return isMap(value) && wanted in value && matches([], value[wanted], deeper);
}
