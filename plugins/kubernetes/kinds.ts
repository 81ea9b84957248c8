/** What a type token or an object names. */
export interface GroupVersionKind {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
}

/** `kubernetes:apps/v1:Deployment` → group, version and kind; undefined for other tokens. */
export function parseToken(token: string): GroupVersionKind | undefined {
  const match = /^kubernetes:([^:/]+)\/([^:/]+):([^:/]+)$/.exec(token);
  const [, group, version, kind] = match ?? [];
  if (group === undefined || version === undefined || kind === undefined) {
    return undefined;
  }
  return { group: group === "core" ? "" : group, version, kind };
}

export function gvkOf(apiVersion: string, kind: string): GroupVersionKind {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  return { group: group === "core" ? "" : group, version: apiVersion.slice(slash + 1), kind };
}

export const apiVersionText = ({ group, version }: GroupVersionKind): string =>
  group === "" ? version : `${group}/${version}`;

/** Groups that Kubernetes itself serves; others are those of custom resources. */
const BUILT_IN_GROUPS = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

export const isBuiltIn = ({ group }: GroupVersionKind): boolean => BUILT_IN_GROUPS.has(group);

const CLUSTER_WIDE = new Set([
  "APIService",
  "CertificateSigningRequest",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterTrustBundle",
  "ComponentStatus",
  "CSIDriver",
  "CSINode",
  "CustomResourceDefinition",
  "DeviceClass",
  "DeviceTaintRule",
  "FlowSchema",
  "IngressClass",
  "IPAddress",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PodSecurityPolicy",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "ResourceSlice",
  "RuntimeClass",
  "ServiceCIDR",
  "StorageClass",
  "StorageVersion",
  "StorageVersionMigration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
  "VolumeAttributesClass",
]);

/** Whether objects of a built-in kind live in namespaces; undefined for kinds that only the server knows. */
export function builtInScope(gvk: GroupVersionKind): "namespace" | "cluster" | undefined {
  if (!isBuiltIn(gvk)) {
    return undefined;
  }
  return CLUSTER_WIDE.has(gvk.kind) ? "cluster" : "namespace";
}

export const isCrd = ({ group, kind }: GroupVersionKind): boolean =>
  group === "apiextensions.k8s.io" && kind === "CustomResourceDefinition";

/** Resources for some fields of others' objects; custom resources may end in Patch. */
export const isPatch = (gvk: GroupVersionKind): boolean => isBuiltIn(gvk) && gvk.kind.endsWith("Patch");

/** Lists exist for YAML only; custom resources may end in List. */
export const isList = (gvk: GroupVersionKind): boolean => isBuiltIn(gvk) && gvk.kind.endsWith("List");
