import type { HostReading } from "./facts.ts";
import { isNode, withRole, type Host } from "./inventory.ts";

/** Bundles in the order in which they are changed on one host. */
export const bundleOrder = ["baseline", "etcd", "controlplane", "loadbalancer", "runtime", "node"] as const;
export type BundleName = (typeof bundleOrder)[number];

/**
 * What is done for one host: its bundles, and for a Node the two steps of the roster around them. `drain` takes its pods
 * away before its runtime is replaced, `register` brings it into the cluster, sets labels and taints and waits until it
 * is ready.
 */
export type StepName = BundleName | "drain" | "register";

/** One step for one host. */
export interface Step {
  host: string;
  name: StepName;
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
 * Whether the control plane has been brought up once, as the hosts tell it: then every change rolls.
 *
 * The hosts and not the stack's outputs, because an `up` that was killed after the last host was done has left no
 * outputs, and restarting all members of such a cluster at once would stop it just the same.
 */
export function isBootstrapped(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): boolean {
  return withRole(hosts, "etcd").every((host) => carries(readings.get(host.name), "etcd"));
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
}

/**
 * The order of all steps: the control plane first, then the Nodes, so that a kubelet never is newer than its API server.
 *
 * A first bring-up is parallel: all baselines at once, then all etcd members (none of them becomes healthy alone), then all
 * control planes, then all load balancers. Afterwards the control plane is one chain through its hosts in the order of
 * the inventory, so that at most one is changed at a time and the first failure stops the rest.
 *
 * Nodes in service follow in batches: control-plane hosts one by one, then workers by `maxUnavailable`. Hosts that are not
 * Nodes yet hurt nobody and wait for the control plane only.
 */
export function orderSteps(hosts: readonly Host[], options: OrderOptions): OrderedStep[] {
  const spine = orderSpine(hosts.filter(isSpine), options);
  const served = lastSteps(spine);
  const joining = hosts
    .filter((host) => isNode(host) && !options.inService.has(host.name))
    .flatMap((host) => orderNode(host, served, []));
  return [...spine, ...joining, ...orderBatches(batchesOf(hosts, options), served)];
}

/** Bundles of the control plane. */
function orderSpine(hosts: readonly Host[], { bootstrapped, hasVip }: OrderOptions): OrderedStep[] {
  const steps = hosts.flatMap((host) =>
    bundlesOf(host, hasVip)
      .filter((name) => !nodeBundles.includes(name))
      .map((name): Step => ({ host: host.name, name })),
  );
  if (bootstrapped) return steps.map((step, index) => ({ ...step, after: steps.slice(Math.max(0, index - 1), index) }));
  const stages = bundleOrder
    .map((bundle) => steps.filter((step) => step.name === bundle))
    .filter((stage) => stage.length > 0);
  return stages.flatMap((stage, index) => stage.map((step) => ({ ...step, after: stages[index - 1] ?? [] })));
}

/** Whether a step makes the control plane, as opposed to a Node: no Node step comes before it. */
export function isControlPlaneStep({ host, name }: Step, hosts: readonly Host[]): boolean {
  const isNodeStep = name === "drain" || name === "register" || nodeBundles.includes(name);
  return !isNodeStep && hosts.some((candidate) => candidate.name === host && isSpine(candidate));
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
function batchesOf(hosts: readonly Host[], { inService, maxUnavailable }: OrderOptions): Host[][] {
  const nodes = hosts.filter((host) => isNode(host) && inService.has(host.name));
  const single = nodes.filter(isSpine).map((host) => [host]);
  const workers = nodes.filter((host) => !isSpine(host));
  const size = batchSize(maxUnavailable, workers.length);
  const batches = Array.from({ length: Math.ceil(workers.length / size) }, (_, index) =>
    workers.slice(index * size, (index + 1) * size),
  );
  return [...single, ...batches];
}

/** Batch after batch; the control plane comes before the first, and by that before all. */
function orderBatches(batches: readonly Host[][], served: readonly Step[]): OrderedStep[] {
  return batches.flatMap((batch, index) => {
    const earlier = batches[index - 1]?.map((host): Step => ({ host: host.name, name: "register" }));
    return batch.flatMap((host) => orderNode(host, [], earlier ?? served));
  });
}
