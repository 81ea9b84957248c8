import type { Role } from "../inventory.ts";
import type { Groups } from "./groups.ts";
import type { AnsibleHost } from "./variables.ts";

/** Whose inventory it is. */
export const tools = ["kubespray", "kubeasz", "k0sctl", "ansible"] as const;
export type Tool = (typeof tools)[number];

/** As sentences call them. */
export const toolNames: Readonly<Record<Tool, string>> = {
  kubespray: "Kubespray",
  kubeasz: "kubeasz",
  k0sctl: "k0sctl",
  ansible: "Ansible",
};

/** Variables that only one of the tools has. */
const kubeaszVariables = ["CLUSTER_CIDR", "SERVICE_CIDR", "CLUSTER_NETWORK", "K8S_VER", "CLUSTER_DNS_DOMAIN"];
const kubesprayVariables = [
  ...["kube_network_plugin", "kube_pods_subnet", "kube_service_addresses", "kube_version", "etcd_deployment_type"],
  ...["kube_network_node_prefix", "loadbalancer_apiserver", "kube_proxy_mode", "etcd_member_name"],
];

/** Whose groups and variables an inventory has. */
export function toolOf(groups: Groups, hosts: readonly AnsibleHost[]): Exclude<Tool, "k0sctl"> {
  const names = new Set(groups.names.map(plain));
  const isSet = (variables: readonly string[]): boolean =>
    hosts.some((host) => variables.some((name) => host.variables.has(name)));
  if (names.has("ex_lb") || isSet(kubeaszVariables)) return "kubeasz";
  if (names.has("kube_control_plane") || isSet(kubesprayVariables)) return "kubespray";
  return names.has("kube_master") && names.has("k8s_cluster") ? "kubespray" : "ansible";
}

/** Kubespray makes this group itself, of these; `group_vars` are for it. */
const kubesprayCluster = "k8s_cluster";
const kubesprayParts = ["kube_control_plane", "kube_node", "calico_rr"];

/** Adds the group of all Nodes, which inventories of today leave to Kubespray. */
export function completeKubespray(groups: Groups): void {
  if (groups.has(kubesprayCluster) || groups.has("k8s-cluster")) return;
  const cluster = groups.group(kubesprayCluster);
  for (const part of kubesprayParts) if (groups.has(part)) cluster.children.add(part);
}

/** A group's name without what tools have written in different ways over the years. */
const plain = (name: string): string => name.toLowerCase().replaceAll("-", "_");

/** Words in front of what a group is for. */
const prefix = "(?:(?:k8s|kube|kubernetes|k3s|rke2?|cluster)_)*";
const suffix = "(?:_(?:nodes?|hosts?|servers?|members?|group))?";
const words: readonly [RegExp, Role][] = [
  [new RegExp(`^${prefix}(masters?|control_?planes?|controllers?|managers?)${suffix}$`), "control-plane"],
  [/^(k3s|rke2)_servers?$/, "control-plane"],
  [new RegExp(`^${prefix}(workers?|agents?|minions?|computes?|nodes?)${suffix}$`), "worker"],
  [new RegExp(`^${prefix}etcds?${suffix}$`), "etcd"],
  [new RegExp(`^${prefix}(ex_lb|lbs?|load_?balancers?|haproxy|keepalived|balancers?)${suffix}$`), "load-balancer"],
];
const bastions = /^(bastions?|jump(_?hosts?|_?box(es)?)?|gateways?)$/;

/** The role that a group's name speaks of. */
export const roleOf = (group: string): Role | undefined => words.find(([name]) => name.test(plain(group)))?.[1];

export const isBastion = (group: string): boolean => bastions.test(plain(group));

/**
 * Groups → roles: what the operator says, else what the names speak of. A group that is made of others with a role, as `k8s_nodes` of
 * masters and workers, has none itself.
 *
 * @param said group → roles.
 */
export function groupRoles(
  groups: Groups,
  said: Readonly<Record<string, readonly Role[]>>,
): Map<string, readonly Role[]> {
  const roles = new Map<string, readonly Role[]>(Object.entries(said));
  // Of k3s and rke2: beside agents, servers are the control plane.
  if (groups.names.some((name) => /^agents?$/.test(plain(name))))
    for (const name of groups.names)
      if (/^servers?$/.test(plain(name)) && !roles.has(name)) roles.set(name, ["control-plane"]);
  for (const name of groups.names) {
    const role = roleOf(name);
    if (role === undefined || roles.has(name)) continue;
    const others = groups.childrenOf(name).filter((child) => roleOf(child) !== undefined && roleOf(child) !== role);
    if (others.length === 0 || role !== "worker") roles.set(name, [role]);
  }
  return roles;
}
