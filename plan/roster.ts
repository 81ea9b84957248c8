import { createHash } from "node:crypto";
import type { ClusterConfig } from "./config.ts";
import { isNode, withRole, type Host, type Taint } from "./inventory.ts";
import { peerUrlOf } from "./livecluster.ts";
import { nodeLabels } from "./names.ts";
import { renderEntries } from "./rostertext.ts";

/** Labels, annotations and taints of a Node, as the inventory declares them. */
export interface NodeDeclaration {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  taints: Taint[];
}

const sorted = (record: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What the value of a label may be. */
const labelValue = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/**
 * What the label of its owner says about a Node: another stack's Nodes are none of ours. It is the name of the stack, or a
 * digest of a name that no label can have.
 */
export function ownerOf(stack: string): string {
  if (labelValue.test(stack)) return stack;
  return createHash("sha256").update(stack).digest("hex").slice(0, 40);
}

/** What the roster keeps: every member of etcd, and every Node with its machine. All others of ours leave. */
export function renderRoster(hosts: readonly Host[], machineIds: Readonly<Record<string, string>>): string {
  return renderEntries({
    members: new Map(withRole(hosts, "etcd").map((host) => [host.name, peerUrlOf(host)])),
    nodes: new Map(hosts.filter(isNode).map(({ name }) => [name, machineIds[name] ?? "-"])),
  });
}

/** Labels by which hosts are told apart: one per role, where they are, and what the inventory says. */
export function placementLabels(host: Host): Record<string, string> {
  return {
    ...(host.roles.includes("control-plane") ? { "node-role.kubernetes.io/control-plane": "" } : {}),
    ...(host.roles.includes("worker") ? { "node-role.kubernetes.io/worker": "" } : {}),
    ...(host.region === undefined ? {} : { "topology.kubernetes.io/region": host.region }),
    ...(host.zone === undefined ? {} : { "topology.kubernetes.io/zone": host.zone }),
    ...(host.rack === undefined ? {} : { "topology.plinth/rack": host.rack }),
    ...host.labels,
  };
}

/**
 * What a host's Node carries: a label per role and place, and what the inventory says. Control-plane hosts run what
 * tolerates their taint only, unless they are workers too.
 */
export function declareNode(host: Host, stack: string): NodeDeclaration {
  const controlPlane = host.roles.includes("control-plane");
  const worker = host.roles.includes("worker");
  const labels = {
    ...placementLabels(host),
    [nodeLabels.owner]: ownerOf(stack),
    [nodeLabels.address]: host.address,
  };
  const ownTaints: Taint[] =
    controlPlane && !worker ? [{ key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" }] : [];
  return {
    labels: sorted(labels),
    annotations: sorted(host.annotations),
    taints: [...ownTaints, ...host.taints],
  };
}

/** The Node as `kubectl apply --server-side` takes it: nothing but what we own. */
export function renderNodeManifest(host: Host, stack: string): string {
  const { labels, annotations } = declareNode(host, stack);
  return JSON.stringify(
    { apiVersion: "v1", kind: "Node", metadata: { name: host.name, labels, annotations } },
    undefined,
    2,
  );
}

/** One line `KEY|VALUE|EFFECT|` per taint. */
export function renderTaints(host: Host): string {
  return declareNode(host, "")
    .taints.map(({ key, value, effect }) => `${key}|${value}|${effect}|`)
    .join("\n");
}

/** What a drain makes room for: the versions of a host's runtime, in one line. */
export function runtimeVersions(config: ClusterConfig): string {
  return `containerd ${config.containerdVersion}, runc ${config.runcVersion}`;
}
