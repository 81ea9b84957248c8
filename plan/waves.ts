import type { HostReading } from "./facts.ts";
import { isNode, type Host } from "./inventory.ts";

/** Bundles in the order in which they are changed on one host. */
export const bundleOrder = ["baseline", "etcd", "controlplane", "loadbalancer", "runtime", "node"] as const;
export type BundleName = (typeof bundleOrder)[number];

/**
 * What is done for one host: its bundles, and for a Node the two steps of the roster around them. `drain` takes its pods
 * away before its runtime is replaced, `register` brings it into the cluster, sets labels and taints and waits until it
 * is ready.
 */
export type StepName = BundleName | "drain" | "register" | ClusterStepName;

/**
 * What is done once for the cluster as a whole, between the API servers and the load balancers: `roster-access` gives the
 * roster its rights, `evacuation` takes the pods off Nodes that leave, `roster` ends the membership of hosts that leave.
 */
export const clusterSteps = ["roster-access", "evacuation", "roster"] as const;
export type ClusterStepName = (typeof clusterSteps)[number];

/** One step for one host. */
export interface Step {
  /** Empty for a step of the cluster as a whole. */
  host: string;
  name: StepName;
}

export function isClusterStep(name: StepName): name is ClusterStepName {
  return (clusterSteps as readonly string[]).includes(name);
}

/** A step and the steps that must have succeeded before it. */
export interface OrderedStep extends Step {
  after: Step[];
}

/** Whether a host belongs to what the API is made of: such hosts change one at a time. */
function isSpine(host: Host): boolean {
  return (["etcd", "control-plane", "load-balancer"] as const).some((role) => host.roles.includes(role));
}

/** The bundles of a host, by its roles. */
export function bundlesOf(host: Host, hasVip: boolean): BundleName[] {
  const wanted: Record<BundleName, boolean> = {
    baseline: true,
    etcd: host.roles.includes("etcd"),
    controlplane: host.roles.includes("control-plane"),
    loadbalancer: host.roles.includes("load-balancer") && hasVip,
    runtime: isNode(host),
    node: isNode(host),
  };
  return bundleOrder.filter((bundle) => wanted[bundle]);
}

const nodeBundles: readonly BundleName[] = ["runtime", "node"];

/**
 * Whether the control plane has been brought up once, as the hosts tell it: then every change rolls. A member is done only
 * once etcd had a quorum, so one such host is enough.
 *
 * The hosts and not the stack's outputs, because an `up` that was killed after the last host was done has left no
 * outputs, and restarting all members of such a cluster at once would stop it just the same.
 */
export function isBootstrapped(readings: ReadonlyMap<string, HostReading>): boolean {
  return [...readings.values()].some(
    (reading) => "facts" in reading && reading.facts.bundles["etcd"]?.state === "complete",
  );
}

/** The hosts that serve as Nodes already, as they tell it: they are changed in batches, the others all at once. */
export function nodesInService(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): Set<string> {
  return new Set(hosts.filter((host) => carries(readings.get(host.name), "node")).map((host) => host.name));
}

function carries(reading: HostReading | undefined, bundle: BundleName): boolean {
  return (
    reading !== undefined &&
    "facts" in reading &&
    reading.facts.bundles[bundle] !== undefined &&
    reading.facts.bundles[bundle].generation > 0
  );
}

/**
 * How many workers may change at the same time.
 *
 * @param wanted a number, or a percentage of `workers`, rounded down.
 * @returns at least 1.
 */
export function batchSize(wanted: string, workers: number): number {
  const size = wanted.endsWith("%") ? Math.floor((workers * parseInt(wanted, 10)) / 100) : parseInt(wanted, 10);
  return Math.max(1, size);
}

export interface OrderOptions {
  /** See {@link isBootstrapped}. */
  bootstrapped: boolean;
  hasVip: boolean;
  /** See {@link nodesInService}. */
  inService: ReadonlySet<string>;
  /** Config `maxUnavailable`. */
  maxUnavailable: string;
  /** Config `maxRacks`. */
  maxRacks: number;
  /** Hosts that cannot be reached: they are left as they are, and nothing waits for them. */
  unreachable: ReadonlySet<string>;
}

/**
 * The order of all steps: the control plane first, then the Nodes, so that a kubelet never is newer than its API server.
 *
 * A first bring-up is parallel: all baselines at once, then all etcd members (none of them becomes healthy alone), then all
 * control planes, then all load balancers. Afterwards the control plane is one chain through its hosts in the order of
 * the inventory, so that at most one is changed at a time and the first failure stops the rest. Hosts that leave do so when
 * those that join serve already, and before the load balancers forget them: their VIP is handed over, not lost.
 *
 * Nodes in service follow in batches: control-plane hosts one by one, then workers by `maxUnavailable`. Hosts that are not
 * Nodes yet hurt nobody and wait for the control plane only.
 */
export function orderSteps(hosts: readonly Host[], options: OrderOptions): OrderedStep[] {
  const reachable = hosts.filter(({ name }) => !options.unreachable.has(name));
  const spine = orderSpine(reachable.filter(isSpine), options);
  const served = lastSteps(spine);
  const joining = reachable
    .filter((host) => isNode(host) && !options.inService.has(host.name))
    .flatMap((host) => orderNode(host, served, []));
  const alone = hosts
    .filter(({ name }) => options.unreachable.has(name))
    .flatMap((host) => stepsOf(host, options.hasVip).map((step) => ({ ...step, after: [] })));
  return [...spine, ...joining, ...orderBatches(batchesOf(reachable, options), served), ...alone];
}

/** Everything that is done for one host, in its order. */
function stepsOf(host: Host, hasVip: boolean): Step[] {
  const bundles = bundlesOf(host, hasVip).flatMap((name): StepName[] =>
    name === "runtime" ? ["drain", name] : [name],
  );
  return [...bundles, ...(isNode(host) ? (["register"] as const) : [])].map((name) => ({ host: host.name, name }));
}

/** Bundles of the control plane, and the steps of the cluster before its load balancers change. */
function orderSpine(hosts: readonly Host[], { bootstrapped, hasVip }: OrderOptions): OrderedStep[] {
  const steps = hosts.flatMap((host) =>
    bundlesOf(host, hasVip)
      .filter((name) => !nodeBundles.includes(name))
      .map((name): Step => ({ host: host.name, name })),
  );
  const balancers = steps.filter(({ name }) => name === "loadbalancer");
  const servers = steps.filter(({ name }) => name !== "loadbalancer");
  // A pool's stack gives no rights in its cluster.
  const gives = hosts.some(({ roles }) => roles.includes("control-plane"));
  const cluster = clusterSteps
    .filter((name) => gives || name !== "roster-access")
    .map((name): Step => ({ host: "", name }));
  const stages = bootstrapped
    ? [...servers, ...cluster, ...balancers].map((step) => [step])
    : [
        ...bundleOrder.map((bundle) => servers.filter((step) => step.name === bundle)),
        ...cluster.map((step) => [step]),
        balancers,
      ].filter((stage) => stage.length > 0);
  return stages.flatMap((stage, index) => stage.map((step) => ({ ...step, after: stages[index - 1] ?? [] })));
}

/** Whether a step makes the control plane, as opposed to a Node: no Node step comes before it. */
export function isControlPlaneStep({ host, name }: Step, hosts: readonly Host[]): boolean {
  if (isClusterStep(name)) return true;
  if (name === "drain" || name === "register" || nodeBundles.includes(name)) return false;
  return hosts.some((candidate) => candidate.name === host && isSpine(candidate));
}

/** The steps that no other step waits for. */
function lastSteps(steps: readonly OrderedStep[]): Step[] {
  const awaited = new Set(steps.flatMap(({ after }) => after.map(keyOf)));
  return steps.filter((step) => !awaited.has(keyOf(step))).map(({ host, name }) => ({ host, name }));
}

/** Identifies a step. */
export function keyOf({ host, name }: Step): string {
  return `${host}/${name}`;
}

/**
 * A Node's steps, one after the other.
 *
 * @param served what must be done before its first step that needs the API.
 * @param before what must be done before its first step.
 */
function orderNode(host: Host, served: readonly Step[], before: readonly Step[]): OrderedStep[] {
  const step = (name: StepName): Step => ({ host: host.name, name });
  const ordered: OrderedStep[] = [];
  if (!isSpine(host)) ordered.push({ ...step("baseline"), after: [...before] });
  const first = ordered.length > 0 ? [...served, step("baseline")] : [...served, ...before];
  ordered.push({ ...step("drain"), after: first });
  ordered.push({ ...step("runtime"), after: [step("drain")] });
  ordered.push({ ...step("node"), after: [step("runtime")] });
  ordered.push({ ...step("register"), after: [step("node")] });
  return ordered;
}

/** The Nodes in service, in the sets that change together. */
function batchesOf(hosts: readonly Host[], { inService, maxUnavailable, maxRacks }: OrderOptions): Host[][] {
  const nodes = hosts.filter((host) => isNode(host) && inService.has(host.name));
  const single = nodes.filter(isSpine).map((host) => [host]);
  const workers = nodes.filter((host) => !isSpine(host));
  const size = batchSize(maxUnavailable, workers.length);
  const canaries = canariesOf(workers, size);
  const rest = workers.filter((host) => !canaries.includes(host));
  return [...single, ...canaries.map((host) => [host]), ...rackBatches(rest, size, maxRacks)];
}

/** The workers that change before all others, one by one: those marked so, else the first where several change at once. */
function canariesOf(workers: readonly Host[], size: number): Host[] {
  const marked = workers.filter(({ canary }) => canary === true);
  return marked.length > 0 || size === 1 ? marked : workers.slice(0, 1);
}

/** Sets of at most `size` workers out of at most `maxRacks` racks; workers without a rack count as one rack. */
function rackBatches(workers: readonly Host[], size: number, maxRacks: number): Host[][] {
  const batches: Host[][] = [];
  let waiting = [...workers];
  while (waiting.length > 0) {
    const batch: Host[] = [];
    const racks = new Set<string>();
    for (const host of waiting) {
      const rack = host.rack ?? "";
      if (batch.length < size && (racks.has(rack) || racks.size < maxRacks)) {
        batch.push(host);
        racks.add(rack);
      }
    }
    batches.push(batch);
    waiting = waiting.filter((host) => !batch.includes(host));
  }
  return batches;
}

/** Batch after batch; the control plane comes before the first, and by that before all. */
function orderBatches(batches: readonly Host[][], served: readonly Step[]): OrderedStep[] {
  return batches.flatMap((batch, index) => {
    const earlier = batches[index - 1]?.map((host): Step => ({ host: host.name, name: "register" }));
    return batch.flatMap((host) => orderNode(host, [], earlier ?? served));
  });
}
