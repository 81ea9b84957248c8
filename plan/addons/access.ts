import type { ClusterConfig } from "../config.ts";
import { metricsUser } from "../metrics/endpoints.ts";
import { bootstrappersGroup } from "../names.ts";

/** What a role allows, as in RBAC. */
export interface PolicyRule {
  apiGroups?: string[];
  resources?: string[];
  /** Paths of the API server and of others that ask it, in place of groups and resources. */
  nonResourceURLs?: string[];
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
/** Group of every Node; the name tells which one it is. */
const nodesGroup = "system:nodes";

/**
 * What hosts need before they join.
 *
 * Nothing approves the request of a bootstrap token by itself: a token that leaks makes no Node. A kubelet that has a
 * certificate renews its own, and only its own, through kube-controller-manager. kube-proxy and flannel act as the Node of their host.
 */
export function grants(config: Pick<ClusterConfig, "network" | "metrics">): Grant[] {
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
      subject: { kind: "Group", name: nodesGroup },
      role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    },
    { name: "node-proxies", subject: { kind: "Group", name: nodesGroup }, role: "system:node-proxier" },
    ...(config.network === "flannel" ? [nodeRoutes] : []),
    ...(config.metrics === undefined ? [] : [figures]),
  ];
}

/** Whoever has the identity for figures may read them of the API server, of controllers and of kubelets, and nothing else. */
const figures: Grant = {
  name: "metrics",
  subject: { kind: "User", name: metricsUser },
  role: [
    { nonResourceURLs: ["/metrics", "/metrics/*"], verbs: ["get"] },
    { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
  ],
};

/**
 * flannel with the kube subnet manager watches all Nodes and writes its lease into the annotations of its own, by a
 * patch of the status. It acts as the Node of its host: the admission plugin NodeRestriction keeps it to that one. It is told its
 * Node's name, so it reads no pods; network policies are not its business here.
 */
const nodeRoutes: Grant = {
  name: "node-routes",
  subject: { kind: "Group", name: nodesGroup },
  role: [
    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
  ],
};
