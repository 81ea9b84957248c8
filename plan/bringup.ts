import { apiserver } from "./bundles/apiserver.ts";
import { authorityKeys } from "./bundles/authoritykeys.ts";
import { backup } from "./bundles/backup.ts";
import { baseline, machineBaseline } from "./bundles/baseline.ts";
import { clusterAuthority } from "./bundles/clusterauthority.ts";
import { connections } from "./bundles/connections.ts";
import { controllerManager, scheduler } from "./bundles/controllers.ts";
import { defragmentation } from "./bundles/defragmentation.ts";
import { etcd } from "./bundles/etcd.ts";
import { flannel } from "./bundles/flannel.ts";
import { kubelet } from "./bundles/kubelet.ts";
import { kubeProxy } from "./bundles/kubeproxy.ts";
import { formerAddresses, loadBalancer, noLoadBalancer } from "./bundles/loadbalancer.ts";
import { metrics } from "./bundles/metrics.ts";
import { networkManagers } from "./bundles/networkmanagers.ts";
import type { BundlePart } from "./bundles/part.ts";
import { rosterScriptsPart } from "./bundles/rosterscripts.ts";
import { ruleSetsPart } from "./bundles/rulesets.ts";
import { runtime } from "./bundles/runtime.ts";
import { servingCertificates } from "./bundles/servingcertificates.ts";
import { shutdown } from "./bundles/shutdown.ts";
import type { ClusterConfig } from "./config.ts";
import { isFormer, type Former } from "./former.ts";
import { isNode, type Host, type Role } from "./inventory.ts";
import { tellsMetrics } from "./metrics/endpoints.ts";
import { hasRole, rolePart } from "./roles/part.ts";
import { roleBundle, roleOfBundle, type RoleShape, type RoleStage } from "./roles/shape.ts";

/** The hosts that a step is done for. */
export interface Audience {
  /** As documentation calls them. */
  title: string;
  includes: (host: Host, config: ClusterConfig) => boolean;
}

interface Described {
  /** Unique among the steps. */
  name: string;
  /** What is so when the step is done; the end of a sentence. */
  title: string;
  audience: Audience;
}

/**
 * A bundle: what a host carries.
 *
 * Its stage says when hosts get it. `host`: before everything else. `control-plane`: at first on all hosts at once, later
 * host after host. `node`: once the API serves, in batches. `last`: when all Nodes are done.
 */
export interface BundleEntry extends Described {
  kind: "bundle";
  /** Token of the component's type. It is part of URNs and never changes. */
  type: string;
  stage: "host" | "control-plane" | "node" | "last";
  /** Of the stage `node`: whether a host that is no Node yet gets it without waiting for the API. Default: no. */
  ahead?: true;
  /** Whether packets of pods and Services go by what it sets up: the data path is tested after a change. Default: no. */
  carriesTraffic?: true;
  parts: readonly BundlePart[];
}

/** Done once by a command on a control-plane host, for those that join and leave. */
export interface MembershipStep extends Described {
  kind: "membership";
  name: "roster-access" | "evacuation" | "roster";
  stage: "control-plane";
  /** Whether pools leave it to the cluster's own stack. Default: no, they do it for their own hosts. */
  byClusterOnly?: true;
}

/** Done for one Node by a command on a control-plane host. */
export interface NodeStep extends Described {
  kind: "node";
  name: "drain" | "register";
  stage: "node";
}

/** Objects in the cluster. */
export interface ObjectsStep extends Described {
  kind: "objects";
  name: "access" | "addons" | "tenants";
}

/** Declared before the first step that has an order. */
export interface Groundwork extends Described {
  kind: "groundwork";
  name: "keys" | "claim";
}

export type BringUpStep = BundleEntry | MembershipStep | NodeStep | ObjectsStep | Groundwork;

const everyHost: Audience = { title: "every host", includes: () => true };
const nodes: Audience = { title: "Nodes: workers and control-plane hosts", includes: isNode };
/** Those, and machines that were one: what is left to do there is to take the bundle back. */
const carriers = (bundle: string): Audience => ({
  title: nodes.title,
  includes: (host, config) => isNode(host) || isFormer(host, bundle, config),
});
const once: Audience = { title: "once", includes: () => false };
const withRole = (role: Role): Audience => ({
  title: `hosts with the role ${role}`,
  includes: ({ roles }) => roles.includes(role),
});
const balancers: Audience = {
  title: "hosts with the role load-balancer, where there is a virtual IP",
  includes: ({ roles }, { vip }) => roles.includes("load-balancer") && vip !== undefined,
};

/** Every step of a bring-up that is Plinth's own, in its order. Nothing else lists its bundles; {@link stepsOf} adds the project's roles. */
export const bringUp: readonly BringUpStep[] = [
  { kind: "groundwork", name: "keys", audience: once, title: "authorities, certificates and tokens are made" },
  {
    kind: "groundwork",
    name: "claim",
    audience: everyHost,
    title: "the host belongs to this cluster, and has the host script",
  },
  {
    kind: "bundle",
    name: "baseline",
    type: "plinth:host:Baseline",
    stage: "host",
    carriesTraffic: true,
    audience: everyHost,
    title:
      "swap is off, logs are bounded, the kernel is set up for pods; nothing of that on machines besides the cluster",
    parts: [baseline, machineBaseline, networkManagers],
  },
  {
    kind: "bundle",
    name: "etcd",
    type: "plinth:etcd:Member",
    stage: "control-plane",
    audience: withRole("etcd"),
    title: "the host is a voting member of etcd",
    parts: [etcd],
  },
  {
    kind: "bundle",
    name: "controlplane",
    type: "plinth:controlplane:ControlPlane",
    stage: "control-plane",
    audience: withRole("control-plane"),
    title: "API server, controller manager and scheduler serve",
    parts: [
      clusterAuthority,
      authorityKeys,
      apiserver,
      controllerManager,
      scheduler,
      rosterScriptsPart,
      servingCertificates,
    ],
  },
  {
    kind: "membership",
    name: "roster-access",
    stage: "control-plane",
    audience: once,
    byClusterOnly: true,
    title: "the steps for members and Nodes have their rights in the cluster",
  },
  {
    kind: "membership",
    name: "evacuation",
    stage: "control-plane",
    audience: once,
    title: "no pods are left on Nodes that leave",
  },
  {
    kind: "membership",
    name: "roster",
    stage: "control-plane",
    audience: once,
    title: "hosts that leave are no members of etcd and no Nodes any more",
  },
  {
    kind: "bundle",
    name: "loadbalancer",
    type: "plinth:loadbalancer:LoadBalancer",
    stage: "control-plane",
    carriesTraffic: true,
    audience: balancers,
    title: "HAProxy and keepalived answer under the virtual IP",
    // A release stops in the opposite order: connections end before their log does.
    parts: [connections, loadBalancer],
  },
  {
    kind: "objects",
    name: "access",
    audience: once,
    title: "roles in the cluster say what Nodes and components may do",
  },
  {
    kind: "node",
    name: "drain",
    stage: "node",
    audience: nodes,
    title: "no pods are left where the runtime gets another version; a host that is no Node yet may ask to become one",
  },
  {
    kind: "bundle",
    name: "runtime",
    type: "plinth:worker:Runtime",
    stage: "node",
    carriesTraffic: true,
    ahead: true,
    audience: carriers("runtime"),
    title: "containerd runs containers",
    parts: [runtime],
  },
  {
    kind: "bundle",
    name: "node",
    type: "plinth:worker:NodeAgents",
    stage: "node",
    carriesTraffic: true,
    audience: carriers("node"),
    title: "kubelet, kube-proxy and flannel run",
    parts: [shutdown, kubelet, kubeProxy, flannel, ruleSetsPart],
  },
  {
    kind: "node",
    name: "register",
    stage: "node",
    audience: nodes,
    title: "the Node is ready and has its labels and taints",
  },
  {
    kind: "bundle",
    name: "metrics",
    type: "plinth:host:Metrics",
    stage: "node",
    audience: {
      title: "hosts of the cluster, where plinth:metrics is set",
      includes: (host, config) => tellsMetrics(host, config) || isFormer(host, "metrics", config),
    },
    title: "the host tells figures of itself and of what it runs",
    parts: [metrics],
  },
  {
    kind: "bundle",
    name: "endpoint",
    type: "plinth:loadbalancer:Endpoint",
    stage: "last",
    audience: balancers,
    title: "virtual IPs before the present one are given up",
    parts: [formerAddresses],
  },
  {
    kind: "bundle",
    name: "care",
    type: "plinth:etcd:Care",
    stage: "last",
    audience: withRole("etcd"),
    title: "the member of etcd is looked after, and its data is backed up",
    parts: [defragmentation, backup],
  },
  { kind: "objects", name: "addons", audience: once, title: "CoreDNS and metrics-server are deployed" },
  { kind: "objects", name: "tenants", audience: once, title: "tenants have namespaces, quotas and kubeconfigs" },
];

/** Plinth's own bundles, in the order in which they are changed on one host. */
export const bundles: readonly BundleEntry[] = bringUp.filter((step) => step.kind === "bundle");

/** Token of the type of every role's bundle. */
export const roleType = "plinth:role:Role";

/** After which of Plinth's steps come the roles of a stage, and of which stage their bundles are then. */
const places: Readonly<Record<RoleStage, { after: string; stage: BundleEntry["stage"] }>> = {
  "before-cluster": { after: "baseline", stage: "host" },
  "after-node": { after: "register", stage: "node" },
};

type Roles = Pick<ClusterConfig, "roles" | "formerRoles" | "roleTurns">;

/** Whether a bundle is of a role that the host has, and is not to have any more. */
export function isTakenBack(host: string, bundle: string, { formerRoles = {} }: Roles): boolean {
  const role = roleOfBundle(bundle);
  return role !== undefined && (formerRoles[host]?.includes(role) ?? false);
}

/** The bundle that has its turn on a host where another one stands: a role that gives a file up goes before the one that gets it. */
export function inTurn(host: string, bundle: string, { roleTurns = {} }: Roles): string {
  return roleTurns[host]?.[bundle] ?? bundle;
}

function roleEntry(
  name: string,
  stage: BundleEntry["stage"],
  role: RoleShape | undefined,
  includes: Audience["includes"],
): BundleEntry {
  return {
    kind: "bundle",
    name: roleBundle(name),
    type: roleType,
    stage,
    audience: { title: `hosts with the role ${name}`, includes },
    title: `the host has what the role ${name} is`,
    parts: role === undefined ? [] : [rolePart(role)],
  };
}

/** The bundles of roles that hosts are to have, in the order of the project's list. */
function roleEntries({ roles = [] }: Roles, wanted: RoleStage): BundleEntry[] {
  return roles
    .filter(({ stage }) => stage === wanted)
    .map((role) => roleEntry(role.name, places[wanted].stage, role, (host) => hasRole(host, role)));
}

/**
 * The same bundles, and those of roles that nobody defines any more, for hosts that are to lose them: the last of the list first. They stand
 * before all others, whatever stage their role is of: what they give up may be what another role is to have.
 */
function takenBackEntries({ roles = [], formerRoles = {} }: Roles): BundleEntry[] {
  const former = new Set(Object.values(formerRoles).flat());
  const defined = roles.filter(({ name }) => former.has(name)).reverse();
  const gone = [...former].filter((name) => !roles.some((role) => role.name === name)).sort();
  const entry = (name: string, role?: RoleShape): BundleEntry =>
    roleEntry(name, places["before-cluster"].stage, role, (host, config) =>
      isTakenBack(host.name, roleBundle(name), config),
    );
  return [...defined.map((role) => entry(role.name, role)), ...gone.map((name) => entry(name))];
}

const known = new WeakMap<object, readonly BringUpStep[]>();

/** Every step of a bring-up, in its order: Plinth's own, and the bundles of the project's roles. */
export function stepsOf(config: Roles): readonly BringUpStep[] {
  if (config.roles === undefined && config.formerRoles === undefined) return bringUp;
  const before = known.get(config);
  if (before !== undefined) return before;
  const steps = bringUp.flatMap((step): BringUpStep[] => [
    step,
    ...(step.name === places["before-cluster"].after ? takenBackEntries(config) : []),
    ...(Object.entries(places) as [RoleStage, { after: string }][])
      .filter(([, { after }]) => after === step.name)
      .flatMap(([stage]) => roleEntries(config, stage)),
  ]);
  known.set(config, steps);
  return steps;
}

/**
 * The step of a name; of a role that some hosts are to have and others to lose, what it is for those that are to have it.
 *
 * @throws Error when there is none.
 */
export function stepNamed(name: string, config: Roles): BringUpStep {
  const step = stepsOf(config).findLast((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`there is no step ${name}`);
  return step;
}

/** All bundles of a stack, in the order in which they are changed on one host. */
export function bundlesIn(config: Roles): BundleEntry[] {
  return stepsOf(config).filter((step) => step.kind === "bundle");
}

/**
 * A bundle as it is for a host: of a load balancer that is not wanted any more, and of what a machine has from when it was a Node, what is
 * left is that it goes.
 *
 * @param formerBalancers names of the hosts with such a one, see `formerBalancers` in plan/ways.ts.
 */
export function entryFor(
  host: Host,
  entry: BundleEntry,
  formerBalancers: ReadonlySet<string>,
  config: Former,
): BundleEntry {
  if (isFormer(host, entry.name, config)) return { ...entry, parts: [] };
  const goes = entry.name === "loadbalancer" && formerBalancers.has(host.name);
  return goes ? { ...entry, parts: [noLoadBalancer] } : entry;
}

/** Whose a bundle is, for messages. */
export function ownerOfBundle(bundle: string): string {
  const role = roleOfBundle(bundle);
  return role === undefined ? `Plinth's ${bundle}` : `the role ${role}`;
}

/** The bundles that a host gets. */
export function bundlesOf(host: Host, config: ClusterConfig): BundleEntry[] {
  const entries = bundlesIn(config).filter(({ audience }) => audience.includes(host, config));
  return entries.map((entry) => entries.find(({ name }) => name === inTurn(host.name, entry.name, config)) ?? entry);
}
