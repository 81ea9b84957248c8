import { bringUp, inTurn, isTakenBack, stepNamed, stepsOf, type BringUpStep } from "./bringup.ts";
import type { ClusterConfig } from "./config.ts";
import type { HostReading } from "./facts.ts";
import { isFormer } from "./former.ts";
import { isMachine, isNode, withRole, type Host, type Role } from "./inventory.ts";
import type { RankedHost } from "./livecluster.ts";

/** One step of plan/bringup.ts for one host. */
export interface Step {
  /** Empty for a step that is done once. */
  host: string;
  name: string;
}

/** A step and the steps that must have succeeded before it. */
export interface OrderedStep extends Step {
  after: Step[];
  /** Done when all Nodes are, whatever stage its bundle is of. */
  last?: true;
}

/** Whether a host belongs to what the API is made of: such hosts change one at a time. */
function servesApi(host: Host): boolean {
  return (["etcd", "control-plane", "load-balancer"] as const).some((role) => host.roles.includes(role));
}

/** The bundles of which a host has one when it serves: a Node, or a machine besides the cluster. */
const servingBundle = (host: Host): string => (isMachine(host) ? "baseline" : "node");

/**
 * Whether the control plane has been brought up once, as the hosts tell it: then every change rolls. A member is done only
 * once etcd had a quorum, so one such host is enough.
 *
 * The hosts and not the stack's outputs, because an `up` that was killed after the last host was done has left no
 * outputs, and restarting all members of such a cluster at once would stop it just the same.
 */
export function isBootstrapped(
  hosts: readonly Pick<RankedHost, "name" | "roles">[],
  readings: ReadonlyMap<string, HostReading>,
): boolean {
  const completed = (role: Role, bundle: string): boolean =>
    withRole(hosts, role).some(({ name }) => {
      const reading = readings.get(name);
      return reading !== undefined && "facts" in reading && reading.facts.bundles[bundle]?.state === "complete";
    });
  // A pool knows of its cluster's hosts that they are of the control plane, and of no members.
  return completed("etcd", "etcd") || completed("control-plane", "controlplane");
}

/**
 * The hosts that serve as Nodes already, or besides the cluster, as they tell it: they are changed in batches, the others all at once.
 *
 * @param rejoining hosts whose kubelets are known to nobody any more: with them no Node gets lost that serves. Default: none.
 */
export function nodesInService(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  rejoining: ReadonlySet<string> = new Set(),
): Set<string> {
  const serving = hosts.filter(
    (host) => !rejoining.has(host.name) && carries(readings.get(host.name), servingBundle(host)),
  );
  return new Set(serving.map(({ name }) => name));
}

function carries(reading: HostReading | undefined, bundle: string): boolean {
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
  config: ClusterConfig;
  /** See {@link nodesInService}. */
  inService: ReadonlySet<string>;
  /** Hosts that cannot be reached: they are left as they are, and nothing waits for them. */
  unreachable: ReadonlySet<string>;
  /** See `standsStill` in plan/standstill.ts: the control plane is made on all hosts at once. Default: no. */
  standstill?: boolean;
  /** Hosts whose load balancer goes, see `formerBalancers`. Default: none. */
  formerBalancers?: ReadonlySet<string>;
}

/**
 * The order of all steps: the control plane first, then the Nodes, so that a kubelet never is newer than its API server.
 *
 * A first bring-up is parallel: all baselines at once, then all etcd members (none of them becomes healthy alone), then all
 * control planes, then all load balancers and beside them what is done once. Afterwards the control plane is one chain through its hosts in the order of
 * the inventory, so that at most one is changed at a time and the first failure stops the rest. Hosts that leave do so when
 * those that join serve already, and before the load balancers forget them: their VIP is handed over, not lost.
 *
 * Nodes in service follow in batches: control-plane hosts one by one, then workers by `maxUnavailable`. Hosts that are not
 * Nodes yet hurt nobody: they get their runtime at once, and what they need the API for after the control plane.
 *
 * Nodes in service may go by a former way to the API until they are done: it is given up last, host after host.
 */
export function orderSteps(hosts: readonly Host[], options: OrderOptions): OrderedStep[] {
  const { config, inService, unreachable } = options;
  const reachable = hosts.filter(({ name }) => !unreachable.has(name));
  const controlPlane = orderControlPlane(reachable.filter(servesApi), options);
  const served = lastSteps(controlPlane);
  const joining = reachable
    .filter((host) => changesAsNode(host) && !inService.has(host.name))
    .flatMap((host) => orderJoining(host, config, served));
  const batches = orderBatches(batchesOf(reachable, options), config, served);
  const alone = hosts
    .filter(({ name }) => unreachable.has(name))
    .flatMap((host) => stepsFor(host, config).map((step) => ({ ...step, after: [] })));
  // Hosts that join have never gone by anything else.
  const done = lastSteps([...controlPlane, ...batches]);
  return [...controlPlane, ...joining, ...batches, ...orderLast(reachable, done, options), ...alone];
}

/** Whether a host has its turn with the Nodes. */
function changesAsNode(host: Host): boolean {
  return isNode(host) || isMachine(host);
}

/** What is done when all Nodes are. */
function orderLast(
  hosts: readonly Host[],
  done: readonly Step[],
  { bootstrapped, config, formerBalancers = new Set() }: OrderOptions,
): OrderedStep[] {
  const steps = hosts.flatMap((host): Step[] => {
    const own = stepsFor(host, config).filter(
      (step) => isLast(step.name, config) || (ofNode(step, config) && !changesAsNode(host)),
    );
    // What such a host gives up last takes its load balancer with it.
    return formerBalancers.has(host.name)
      ? [{ host: host.name, name: "loadbalancer" }, ...own.filter(({ name }) => name !== "endpoint")]
      : own;
  });
  const waves = bootstrapped ? steps.map((step) => [step]) : [steps];
  return oneAfterAnother(waves, [...done]).map((step) => ({ ...step, last: true }));
}

/** Whether a step is done when all Nodes are. */
function isLast(name: string, config: ClusterConfig): boolean {
  const step = stepNamed(name, config);
  return "stage" in step && step.stage === "last";
}

type ControlPlaneStep = Extract<BringUpStep, { kind: "membership" | "bundle" }>;

/** Steps by which the control plane is made. */
function controlPlaneSteps(config: ClusterConfig): ControlPlaneStep[] {
  return stepsOf(config).filter(
    (step): step is ControlPlaneStep =>
      step.kind === "membership" || (step.kind === "bundle" && step.stage !== "node" && step.stage !== "last"),
  );
}

/** Everything that is done for one host, in its order. What it carries from when it was a Node goes first, the last of it before the others. */
function stepsFor(host: Host, config: ClusterConfig): Step[] {
  const names = stepsOf(config)
    .filter((step) => step.kind === "bundle" || step.kind === "node")
    .filter(({ audience }) => audience.includes(host, config))
    .map(({ name }) => inTurn(host.name, name, config));
  const former = names.filter((name) => isFormer(host, name, config));
  return [...former.toReversed(), ...names.filter((name) => !former.includes(name))].map((name) => ({
    host: host.name,
    name,
  }));
}

/**
 * Bundles of the control plane, and what is done once for the cluster among them. Before the bootstrap, and where etcd stands still, step by
 * step on all hosts; otherwise host by host, up to what is done once and on from there.
 */
function orderControlPlane(
  hosts: readonly Host[],
  { bootstrapped, config, standstill = false }: OrderOptions,
): OrderedStep[] {
  return bootstrapped && !standstill
    ? oneAfterAnother(sectionsOf(controlPlaneSteps(config)).flatMap((section) => rolling(section, hosts, config)))
    : firstControlPlane(hosts, config);
}

/** Each wave after the one before it. */
function oneAfterAnother(waves: readonly Step[][], first: Step[] = []): OrderedStep[] {
  const stages = waves.filter((wave) => wave.length > 0);
  return stages.flatMap((stage, index) => stage.map((step) => ({ ...step, after: stages[index - 1] ?? first })));
}

/** Bundle after bundle on all hosts; beside those that follow, what is done once: it needs what came before, and nobody leaves. */
function firstControlPlane(hosts: readonly Host[], config: ClusterConfig): OrderedStep[] {
  const all = controlPlaneSteps(config);
  const firstOnce = all.findIndex((step) => step.kind === "membership");
  const wavesOf = (steps: readonly ControlPlaneStep[]): Step[][] =>
    steps.map((step) => occurrencesOf(step, hosts, config)).filter((wave) => wave.length > 0);
  const before = wavesOf(all.slice(0, firstOnce));
  const after = all.slice(firstOnce);
  const kinds = [after.filter(({ kind }) => kind === "membership"), after.filter(({ kind }) => kind === "bundle")];
  return [...oneAfterAnother(before), ...kinds.flatMap((steps) => oneAfterAnother(wavesOf(steps), before.at(-1)))];
}

/** A step that is done once is a section of its own; what stands between two of them is one. */
function sectionsOf(steps: readonly ControlPlaneStep[]): ControlPlaneStep[][] {
  return steps.reduce<ControlPlaneStep[][]>((before, step) => {
    const last = before.at(-1);
    const goesOn = step.kind === "bundle" && last?.[0]?.kind === "bundle";
    return goesOn ? [...before.slice(0, -1), [...last, step]] : [...before, [step]];
  }, []);
}

/** One step after the other, host after host. */
function rolling(section: readonly ControlPlaneStep[], hosts: readonly Host[], config: ClusterConfig): Step[][] {
  if (section[0]?.kind !== "bundle") return section.map((step) => occurrencesOf(step, hosts, config));
  return hosts.flatMap((host) => section.flatMap((step) => occurrencesOf(step, [host], config).map((each) => [each])));
}

/** A step for each of the hosts that it is for, or once. */
function occurrencesOf(step: ControlPlaneStep, hosts: readonly Host[], config: ClusterConfig): Step[] {
  const { name, audience } = step;
  if (step.kind === "membership") {
    if (config.machinesOnly === true) return [];
    const isCluster = hosts.some(({ roles }) => roles.includes("control-plane"));
    return isCluster || step.byClusterOnly !== true ? [{ host: "", name }] : [];
  }
  return hosts
    .filter((host) => audience.includes(host, config))
    .map((host) => ({ host: host.name, name: inTurn(host.name, name, config) }));
}

/** Whether a step makes the control plane, as opposed to a Node: no Node step comes before it. */
export function isControlPlaneStep(
  { host, name, last }: Pick<OrderedStep, "host" | "name" | "last">,
  hosts: readonly Host[],
  config: ClusterConfig,
): boolean {
  if (last === true) return false;
  const step = stepNamed(name, config);
  if (step.kind === "membership") return true;
  if (ofNode({ host, name }, config)) return false;
  return hosts.some((candidate) => candidate.name === host && servesApi(candidate));
}

/** Whether a step makes a Node of a host. A role that a host loses goes before that, whatever its stage. */
function ofNode({ host, name }: Step, config: ClusterConfig): boolean {
  if (isTakenBack(host, name, config)) return false;
  const step = stepNamed(name, config);
  return "stage" in step && step.stage === "node";
}

/** Whether a step needs the cluster's API, and the rights there of whom it brings in. */
function needsApi(step: Step, config: ClusterConfig): boolean {
  return ofNode(step, config) && !("ahead" in stepNamed(step.name, config));
}

/** Whether a step is the first of a Node that needs the API; the others of the Node wait for it. */
export function beginsNode(name: string): boolean {
  return bringUp.find((step) => "stage" in step && step.stage === "node" && !("ahead" in step))?.name === name;
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

/** What is done for a host when its turn as a Node comes: all but what a host of the control plane got with that. */
function nodeStepsOf(host: Host, config: ClusterConfig): Step[] {
  return stepsFor(host, config).filter(
    (step) => !isLast(step.name, config) && (ofNode(step, config) || !servesApi(host)),
  );
}

/**
 * The steps of a Node in service, one after the other.
 *
 * @param before what must be done before the first.
 */
function orderNode(host: Host, config: ClusterConfig, before: readonly Step[]): OrderedStep[] {
  const steps = nodeStepsOf(host, config);
  return steps.map((step, index) => ({
    ...step,
    after: [...steps.slice(0, index).slice(-1), ...(index === 0 ? before : [])],
  }));
}

/**
 * The steps of a host that is no Node yet, in two chains that meet at its first bundle that needs the API: what it gets
 * ahead, and what is done for it in the cluster.
 *
 * @param served what must be done before the first step that needs the API.
 */
function orderJoining(host: Host, config: ClusterConfig, served: readonly Step[]): OrderedStep[] {
  const steps = nodeStepsOf(host, config);
  // Bundles of one host take turns: what makes the control plane comes first.
  const done = stepsFor(host, config)
    .filter(({ name }) => !isLast(name, config) && !steps.some((step) => step.name === name))
    .slice(-1);
  const ahead = steps.filter((step) => !needsApi(step, config));
  const others = steps.filter((step) => needsApi(step, config));
  const meeting = others.find(({ name }) => stepNamed(name, config).kind === "bundle");
  const chain = (links: readonly Step[], first: readonly Step[]): OrderedStep[] =>
    links.map((step, index) => ({ ...step, after: index === 0 ? [...first] : links.slice(index - 1, index) }));
  return [
    ...chain(ahead, done),
    ...chain(others, served).map((step) =>
      keyOf(step) === (meeting && keyOf(meeting)) ? { ...step, after: [...step.after, ...ahead.slice(-1)] } : step,
    ),
  ];
}

/** The Nodes in service, in the sets that change together. */
function batchesOf(hosts: readonly Host[], { inService, config }: OrderOptions): Host[][] {
  const nodes = hosts.filter((host) => changesAsNode(host) && inService.has(host.name));
  const single = nodes.filter(servesApi).map((host) => [host]);
  const others = nodes.filter((host) => !servesApi(host));
  const kinds = [others.filter(isNode), others.filter(isMachine)];
  return [...single, ...kinds.flatMap((alike) => batchesAmong(alike, config))];
}

function batchesAmong(workers: readonly Host[], config: ClusterConfig): Host[][] {
  const size = batchSize(config.maxUnavailable, workers.length);
  const canaries = canariesOf(workers, size);
  const rest = workers.filter((host) => !canaries.includes(host));
  return [...canaries.map((host) => [host]), ...rackBatches(rest, size, config.maxRacks)];
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
function orderBatches(batches: readonly Host[][], config: ClusterConfig, served: readonly Step[]): OrderedStep[] {
  return batches.flatMap((batch, index) => {
    const earlier = batches[index - 1]?.flatMap((host) => nodeStepsOf(host, config).slice(-1));
    return batch.flatMap((host) => orderNode(host, config, earlier ?? served));
  });
}
