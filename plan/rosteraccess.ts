import { ownersNote } from "./names.ts";
import { ports } from "./ports.ts";
import type { Host } from "./inventory.ts";
import { renderKubeconfig } from "./bundles/kubeconfig.ts";

/** Group of the client certificates with which control-plane hosts run the roster's steps. */
export const rosterGroup = "plinth:roster";

/** User of the certificate of one host: the audit log tells which host has acted. */
export function rosterUser(host: string): string {
  return `${rosterGroup}:${host}`;
}

const name = rosterGroup;

/** The admission policy that keeps the roster to bootstrap tokens. Such policies have names without colons. */
export const rosterPolicy = "plinth-roster";
const labels = { "app.kubernetes.io/name": "plinth", "app.kubernetes.io/component": "access" };
const rbac = "rbac.authorization.k8s.io";
const group = [{ apiGroup: rbac, kind: "Group", name: rosterGroup }];

/**
 * What the roster may do, and nothing else: read, mark and delete Nodes; evict the pods of a Node; have a kubelet's first client
 * certificate and its serving certificates signed, and delete requests that nobody signs any more; make bootstrap tokens valid and take
 * them back. The last is a right on Secrets, which RBAC cannot
 * limit to a type: an admission policy does.
 */
const clusterRules = [
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch", "patch", "delete"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  // A drain leaves the pods of daemon sets alone, and looks whether theirs still exists.
  { apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["get"] },
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests"],
    verbs: ["get", "list", "watch", "delete"],
  },
  { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/approval"], verbs: ["update"] },
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["signers"],
    resourceNames: ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"],
    verbs: ["approve"],
  },
];

const tokenRules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["create", "patch", "delete"] }];

const onlyTokens = {
  failurePolicy: "Fail",
  matchConstraints: {
    resourceRules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE", "DELETE"], resources: ["secrets"] },
    ],
  },
  matchConditions: [{ name: "by-the-roster", expression: `'${rosterGroup}' in request.userInfo.groups` }],
  validations: [
    {
      expression:
        "(object == null || object.type == 'bootstrap.kubernetes.io/token') && (oldObject == null || oldObject.type == 'bootstrap.kubernetes.io/token')",
      message: "the roster makes and deletes bootstrap tokens only",
    },
  ],
};

/** The objects that give the roster its rights, as `kubectl apply --server-side` takes them. */
export function rosterAccess(): Record<string, unknown>[] {
  const metadata = { name, labels };
  const inSystem = { ...metadata, namespace: "kube-system" };
  const admission = "admissionregistration.k8s.io/v1";
  return [
    // Before the rights that it limits.
    {
      apiVersion: admission,
      kind: "ValidatingAdmissionPolicy",
      metadata: { ...metadata, name: rosterPolicy },
      spec: onlyTokens,
    },
    {
      apiVersion: admission,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { ...metadata, name: rosterPolicy },
      spec: { policyName: rosterPolicy, validationActions: ["Deny"] },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { ...metadata, annotations: { [ownersNote]: "label" } },
      rules: clusterRules,
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: group,
    },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: inSystem, rules: tokenRules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: inSystem,
      roleRef: { apiGroup: rbac, kind: "Role", name },
      subjects: group,
    },
  ];
}

/** The objects as one text, readable in a preview. */
export function renderRosterAccess(): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: rosterAccess() }, undefined, 1);
}

/** Directory of the roster's credentials on control-plane hosts. */
export const rosterCredentials = "/etc/kubernetes/roster";

/** Where the leaf and its key lie, without `.crt` and `.key`. */
export const rosterCertificate = `${rosterCredentials}/client`;

/** Kubeconfigs of the roster on one host: with its own API server, and with whichever serves the cluster. */
export function rosterKubeconfigs(
  host: Host,
  settings: { cluster: string; endpoint: string; authorityFile: string },
): { path: string; content: string }[] {
  const render = (server: string): string =>
    renderKubeconfig({
      cluster: settings.cluster,
      user: rosterUser(host.name),
      server,
      authority: { file: settings.authorityFile },
      certificate: { file: `${rosterCertificate}.crt` },
      key: { file: `${rosterCertificate}.key` },
    });
  return [
    { path: `${rosterCredentials}/host.conf`, content: render(`https://${host.address}:${ports.apiserver}`) },
    { path: `${rosterCredentials}/cluster.conf`, content: render(settings.endpoint) },
  ];
}
