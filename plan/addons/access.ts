import type { ClusterConfig } from "../config.ts";
import { bootstrappersGroup } from "../names.ts";

/** What a role allows, as in RBAC. */
export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** A ClusterRole, ours or one that the API server brings along, given to a user or a group. */
export interface Grant {
  /** Last part of the names: `plinth:NAME`. */
  name: string;
  subject: { kind: "User" | "Group"; name: string };
  /** Name of a ClusterRole of the API server, or the rules of one of our own that is called like the grant. */
  role: string | PolicyRule[];
}

/** Group of the API servers' client certificates for kubelets. */
export const kubeletClientsGroup = "plinth:kubelet-api-clients";
/** Group of the bootstrap tokens with which hosts ask for their first kubelet certificate. */
export { bootstrappersGroup };
/** User of flannel's client certificates. */
export const flannelUser = "plinth:flannel";

/**
 * What hosts need before they join.
 *
 * Nothing approves the request of a bootstrap token by itself: a token that leaks makes no Node. A kubelet that has a
 * certificate renews its own, and only its own, through kube-controller-manager.
 */
export function grants(config: Pick<ClusterConfig, "network">): Grant[] {
  return [
    {
      name: "kubelet-api-clients",
      subject: { kind: "Group", name: kubeletClientsGroup },
      role: "system:kubelet-api-admin",
    },
    {
      name: "node-bootstrappers",
      subject: { kind: "Group", name: bootstrappersGroup },
      role: "system:node-bootstrapper",
    },
    {
      name: "node-certificate-renewal",
      subject: { kind: "Group", name: "system:nodes" },
      role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    },
    ...(config.network === "flannel" ? [flannelGrant] : []),
  ];
}

/**
 * flannel with the kube subnet manager watches all Nodes and writes its lease into the annotations of its own, by a
 * patch of the status. It is told its Node's name, so it reads no pods; network policies are not its business here.
 */
const flannelGrant: Grant = {
  name: "flannel",
  subject: { kind: "User", name: flannelUser },
  role: [
    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
  ],
};
