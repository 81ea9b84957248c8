import { isNode, type Host } from "../inventory.ts";

/** A toleration as Kubernetes has it. */
export interface Toleration {
  key: string;
  operator: "Exists";
  effect?: "NoSchedule" | "NoExecute";
  /** Seconds that a pod stays after the taint has come. */
  tolerationSeconds?: number;
}

export const controlPlaneTaint = "node-role.kubernetes.io/control-plane";
const criticalTaint = "CriticalAddonsOnly";

/**
 * How long the cluster's own pods wait on a Node that no longer answers, seconds. The default of 300 is made for
 * workloads that cost something to move.
 */
const lostNodeSeconds = 30;

/** The Nodes that the cluster's own pods put up with: control-plane hosts, and hosts kept for them. */
export const placeTolerations: readonly Toleration[] = [
  { key: criticalTaint, operator: "Exists" },
  { key: controlPlaneTaint, operator: "Exists", effect: "NoSchedule" },
];

/** The same, and lost Nodes for a moment. */
export const addonTolerations: readonly Toleration[] = [
  ...placeTolerations,
  {
    key: "node.kubernetes.io/not-ready",
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: lostNodeSeconds,
  },
  {
    key: "node.kubernetes.io/unreachable",
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: lostNodeSeconds,
  },
];

/** The hosts whose Nodes take the cluster's own pods: those without a taint that these do not tolerate. */
export function addonHosts(hosts: readonly Host[]): Host[] {
  return hosts
    .filter(isNode)
    .filter((host) =>
      host.taints.every(
        ({ key, effect }) =>
          effect === "PreferNoSchedule" ||
          key === criticalTaint ||
          (key === controlPlaneTaint && effect === "NoSchedule"),
      ),
    );
}

/**
 * Full hundreds of Nodes, begun ones counted: what in-cluster programs are sized by. A measure that coarse, so that
 * adding a host changes nothing else.
 */
export function hundredsOfNodes(hosts: readonly Host[]): number {
  return Math.max(1, Math.ceil(hosts.filter(isNode).length / 100));
}

export interface PodAffinityTerm {
  labelSelector: { matchLabels: Record<string, string> };
  topologyKey: string;
}

/** Anti-affinity of a pod's replicas. */
export interface PodAntiAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; podAffinityTerm: PodAffinityTerm }[];
}

/**
 * Keeps replicas on different Nodes: strictly where there are at least two to choose from, since two replicas on one
 * Node are lost together; as a preference where there is only one.
 *
 * @param selector labels that the replicas share.
 */
export function apart(hosts: readonly Host[], selector: Record<string, string>): PodAntiAffinity {
  const podAffinityTerm = { labelSelector: { matchLabels: selector }, topologyKey: "kubernetes.io/hostname" };
  return addonHosts(hosts).length >= 2
    ? { requiredDuringSchedulingIgnoredDuringExecution: [podAffinityTerm] }
    : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] };
}

/** Rather on workers: the memory of control-plane hosts belongs to etcd and the API server. */
export const ratherWorkers = {
  preferredDuringSchedulingIgnoredDuringExecution: [
    { weight: 100, preference: { matchExpressions: [{ key: controlPlaneTaint, operator: "DoesNotExist" }] } },
  ],
};

/** Spreads replicas over the zones that hosts name, as far as that is possible. */
export function acrossZones(selector: Record<string, string>): {
  maxSkew: number;
  topologyKey: string;
  whenUnsatisfiable: "ScheduleAnyway";
  labelSelector: { matchLabels: Record<string, string> };
}[] {
  return [
    {
      maxSkew: 1,
      topologyKey: "topology.kubernetes.io/zone",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: selector },
    },
  ];
}
