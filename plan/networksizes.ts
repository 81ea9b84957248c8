import { parseNetwork } from "./addresses.ts";
import { makesCniConfig } from "./bundles/cni.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { isNode, type Host } from "./inventory.ts";
import type { KubeNode } from "./nodes.ts";
import { settingsFindings } from "./settings/layers.ts";
import type { PlaceOf } from "./settings/place.ts";

/** Arguments of kube-controller-manager that decide on the networks of Nodes. */
export const nodeNetworkArguments = ["allocate-node-cidrs", "node-cidr-mask-size", "node-cidr-mask-size-ipv4"] as const;

const maskArguments = ["node-cidr-mask-size", "node-cidr-mask-size-ipv4", "node-cidr-mask-size-ipv6"] as const;

/** Prefix of a Node's part of the pod network where nothing else is said (kube-controller-manager). */
const defaultMask = 24;
/** The pod network has at most 2^16 parts (kubeadm, PodSubnetNodeMaskMaxDiff). */
const mostBits = 16;
/** What the kubelet has where nothing else is said, and Plinth says as well. */
const defaultPods = 110;
/** Of a Node's part: the address of the network, its broadcast address, and the one of the bridge. */
const takenAddresses = 3;
/** kube-apiserver: a service network has at most 20 bits (validateMaxCIDRRange). */
const largestServices = 12;
/** Smaller ones run out: a Service has an address for as long as it lives. */
const smallestServices = 24;
/** A Node's part that is given back is used again at once, so that few are enough to go on; adding hosts takes some time. */
const fullAt = 0.8;

function finding(rule: string, message: string, remedy: string, hosts: string[] = []): Finding {
  return { rule, kind: "input", hosts, message, remedy };
}

/** The prefix of a Node's part as it is written; undefined where Nodes get none. */
function writtenMask({ controllerManagerArgs: args }: ClusterConfig): string | undefined {
  if (args["allocate-node-cidrs"] === "false") return undefined;
  const set = [args["node-cidr-mask-size"], args["node-cidr-mask-size-ipv4"]].find((text) => Number(text ?? 0) !== 0);
  return set ?? String(defaultMask);
}

/**
 * How many Nodes the pod network is enough for.
 *
 * @returns undefined where that is not known: the network is somebody else's, or its sizes are wrong.
 */
export function mostNodes(config: ClusterConfig): number | undefined {
  const pods = parseNetwork(config.podCidr);
  const mask = Number(writtenMask(config) ?? NaN);
  if (pods === undefined || !makesCniConfig(config) || !(mask >= pods.prefix)) return undefined;
  return 2 ** (mask - pods.prefix);
}

/** What is wrong with the sizes of networks, as far as inventory and configuration tell. */
export function validateNetworkSizes(hosts: readonly Host[], config: ClusterConfig): Finding[] {
  return [
    ...serviceFindings(config),
    ...maskFindings(config),
    ...settingsFindings(hosts.filter(isNode), config, podFindings),
    ...nodeFindings(config, hosts.filter(isNode).length, "the inventory has"),
  ];
}

function serviceFindings({ serviceCidr }: ClusterConfig): Finding[] {
  const services = parseNetwork(serviceCidr);
  if (services === undefined || (services.prefix >= largestServices && services.prefix <= smallestServices)) return [];
  return [
    finding(
      "service-cidr-size",
      `plinth:serviceCidr ${serviceCidr} has prefix /${services.prefix}`,
      `use a prefix from /${largestServices} to /${smallestServices}: kube-apiserver takes no larger service network, and a smaller one runs out`,
    ),
  ];
}

function maskFindings(config: ClusterConfig): Finding[] {
  const pods = parseNetwork(config.podCidr);
  const text = writtenMask(config);
  if (pods === undefined || text === undefined) return [];
  const mask = Number(text);
  const report = (message: string, remedy: string): Finding[] => [finding("node-cidr-mask-size", message, remedy)];
  const { controllerManagerArgs: args } = config;
  const named = maskArguments.filter((name) => args[name] !== undefined && Number(args[name]) !== 0);
  // Told by the controller manager once it leads, and then it ends (cmd/kube-controller-manager/app/core.go, setNodeCIDRMaskSizes).
  if (named.length > 1 || named.includes("node-cidr-mask-size-ipv6"))
    return report(
      `plinth:controllerManagerArgs has ${named.join(" and ")}, and the controller manager takes one of them, for IPv4`,
      "keep node-cidr-mask-size",
    );
  // What begins with a 0 is octal for Go.
  if (!/^[1-9]\d*$/.test(text) || mask > 32)
    return report(
      `plinth:controllerManagerArgs.node-cidr-mask-size is ${text}`,
      "write the prefix of a Node's part of plinth:podCidr, a number such as 24",
    );
  if (mask < pods.prefix)
    return report(
      `a Node's part of plinth:podCidr ${config.podCidr} would be a /${mask}, which is larger than all of it`,
      `use a larger pod network, or set node-cidr-mask-size in plinth:controllerManagerArgs to more than ${pods.prefix}`,
    );
  if (mask > pods.prefix + mostBits)
    return report(
      `plinth:podCidr ${config.podCidr} would have ${2 ** (mask - pods.prefix)} parts of a /${mask}, Kubernetes takes at most ${2 ** mostBits}`,
      `use a pod network of /${mask - mostBits} or smaller`,
    );
  return [];
}

function podFindings(config: ClusterConfig, place: PlaceOf): Finding[] {
  if (mostNodes(config) === undefined) return [];
  const mask = Number(writtenMask(config));
  const pods = Number(config.kubeletConfig["maxPods"] ?? defaultPods);
  const most = Math.max(0, 2 ** (32 - mask) - takenAddresses);
  if (!(pods > most)) return [];
  const { name, hosts } = place("kubeletConfig", ["maxPods"]);
  return [
    finding(
      "max-pods",
      `a Node may run ${pods} pods, but its part of the pod network, a /${mask}, has ${most} addresses for them`,
      `lower ${name}, or, for a new cluster, node-cidr-mask-size in plinth:controllerManagerArgs`,
      hosts,
    ),
  ];
}

function nodeFindings(config: ClusterConfig, count: number, who: string): Finding[] {
  const most = mostNodes(config);
  if (most === undefined || count <= most) return [];
  return [
    finding(
      "pod-network-full",
      `plinth:podCidr ${config.podCidr} is enough for ${most} Nodes, and ${who} ${count}: the rest would have no pods`,
      "take hosts out, or make a new cluster with a larger pod network",
    ),
  ];
}

/** Who is a Node once a run is over. */
export interface CoupledNodes {
  hosts: readonly Host[];
  /** Hosts that leave by this run. */
  leaving: readonly { name: string }[];
  /** Nodes of the cluster, of its pools as well; undefined where no API server answers. */
  live: readonly Pick<KubeNode, "name">[] | undefined;
}

function countOf({ hosts, leaving, live }: CoupledNodes): number {
  const gone = new Set(leaving.map(({ name }) => name));
  const stay = (live ?? []).map(({ name }) => name).filter((name) => !gone.has(name));
  return new Set([...hosts.filter(isNode).map(({ name }) => name), ...stay]).size;
}

/** The same with the Nodes that the cluster itself tells: those of pools share the pod network. */
export function podNetworkFindings(config: ClusterConfig, nodes: CoupledNodes): Finding[] {
  // What the inventory alone is too much for has been said.
  if (nodes.hosts.filter(isNode).length > (mostNodes(config) ?? Infinity)) return [];
  return nodeFindings(config, countOf(nodes), "cluster and pools come to");
}

/** What is said while there is still room; undefined where there is enough. */
export function podNetworkWarning(config: ClusterConfig, nodes: CoupledNodes): string | undefined {
  const most = mostNodes(config);
  const count = countOf(nodes);
  if (most === undefined || count < most * fullAt) return undefined;
  return `plinth:podCidr ${config.podCidr} is enough for ${most} Nodes, and there are ${count}: it cannot be made larger, so plan another cluster in time`;
}
