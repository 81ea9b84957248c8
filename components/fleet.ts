import * as pulumi from "@pulumi/pulumi";
import { entryFor, stepNamed, type BundleEntry, type MembershipStep, type NodeStep } from "../plan/bringup.ts";
import type { BundleBinary, BundleDownload, FetchedBinary, SecretSource } from "../plan/bundle.ts";
import { planBundle } from "../plan/bundles/index.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../plan/facts.ts";
import type { Fetched } from "../plan/digests.ts";
import type { Host as HostPlan } from "../plan/inventory.ts";
import { nodeBundle } from "../plan/names.ts";
import { joinedAnewAt } from "../plan/rejoining.ts";
import { machineIdsOf, rosterHostFor } from "../plan/membership.ts";
import type { OperatorTexts } from "../plan/operatorfiles.ts";
import type { PreviousRun } from "../plan/previousrun.ts";
import { hostScript, scriptDownload } from "../plan/scripts.ts";
import { configFor } from "../plan/settings/layers.ts";
import { surroundingsOf } from "../plan/surroundings.ts";
import { keyOf, nodesInService, orderSteps, type OrderedStep } from "../plan/waves.ts";
import type { SshTarget } from "../ssh/index.ts";
import type { HostAccess } from "./host/access.ts";
import { Bundle } from "./host/bundle.ts";
import { Host } from "./host/host.ts";
import { endMemberships, drainLeavingNodes, giveRosterAccess } from "./roster/membership.ts";
import { Pace } from "./pace.ts";
import { drain } from "./worker/drain.ts";
import { register } from "./worker/registration.ts";

/** What is known about the hosts of a stack, be they a cluster's or a pool's. */
export interface FleetInput {
  config: ClusterConfig;
  hosts: readonly HostPlan[];
  stack: string;
  clusterId: pulumi.Input<string>;
  access: HostAccess;
  /** What the hosts said before this run, by name. */
  readings: ReadonlyMap<string, HostReading>;
  /** Digest and address of what hosts of an architecture fetch. */
  locate: (item: Fetched, arch: HostPlan["arch"]) => FetchedBinary;
  /** See `linkMtuOf`. */
  linkMtu: number;
  /** Content of the operator's files that the configuration names for hosts. */
  texts: OperatorTexts;
  /** Whether the control plane has been brought up once. */
  bootstrapped: boolean;
  /** Hosts that cannot be reached: what is declared for them stays what it was. */
  unreachable: ReadonlySet<string>;
  /** Hosts whose load balancer goes, see `formerBalancers` in plan/ways.ts. */
  formerBalancers: ReadonlySet<string>;
  /** The control-plane hosts on which the roster's steps can run, in the order of the inventory. */
  usableRosterHosts: HostAccess;
  /** What the run before has left. */
  previous: PreviousRun | undefined;
  /** See `MembershipArgs.generation`. */
  rosterGeneration: number;
  /** How often the cluster was started anew, see plan/outputs.ts. Steps that are done in the cluster are done again then. */
  incarnation: number;
  /** Hosts whose kubelets join anew, see plan/rejoining.ts. Their bundles `node` are applied again. */
  rejoining: ReadonlySet<string>;
  /** See `standsStill` in plan/standstill.ts. */
  standstill: boolean;
  /** What is applied again although nothing about it has changed: `HOST/BUNDLE`, or `HOST/claim`. */
  heal: ReadonlySet<string>;
}

export interface FleetArgs extends FleetInput {
  /** Kubeconfig of the administrator, which gives the roster its rights. A pool has none: its cluster's stack does that. */
  kubeconfig?: pulumi.Input<string>;
  /** Runs before the membership of hosts that leave is ended. */
  handOver: () => Promise<void>;
  keys: {
    /** Bootstrap token `id.secret` of a host. */
    bootstrapToken: (host: string) => pulumi.Input<string>;
    /** The bytes of a secret file of a host. */
    contentOf: (host: HostPlan, source: SecretSource) => pulumi.Input<string>;
  };
}

/** A host of the inventory, what it said, and the resource that claims it. */
interface Machine {
  plan: HostPlan;
  /** Undefined when it cannot be reached. */
  facts: HostFacts | undefined;
  host: Host;
}

/** The hosts of a stack, claimed, and the steps that bring them to their desired state. */
export class Fleet {
  /** Node → machine id of its host, as far as it is known. */
  readonly machineIds: Readonly<Record<string, string>>;
  /** Node, or `roster` for the cluster as a whole, → control-plane host on which its steps run. */
  readonly rosterHosts: Record<string, string> = {};
  private readonly parent: pulumi.Resource;
  private readonly args: FleetArgs;
  private readonly machines: ReadonlyMap<string, Machine>;
  private readonly pace = new Pace();
  private readonly done = new Map<string, pulumi.Resource>();
  /** Steps that another one waits for. */
  private readonly awaited = new Set<string>();

  /**
   * Claims the hosts.
   *
   * @param parent of every resource.
   */
  constructor(parent: pulumi.Resource, args: FleetArgs) {
    this.parent = parent;
    this.args = args;
    this.machineIds = machineIdsOf(args.hosts, args.readings, args.previous);
    this.machines = new Map(args.hosts.map((plan): [string, Machine] => [plan.name, this.claim(plan)]));
  }

  /** All steps, in the order in which they are to be performed. */
  steps(): OrderedStep[] {
    const { hosts, config, readings, bootstrapped, standstill, rejoining, unreachable, formerBalancers } = this.args;
    return orderSteps(hosts, {
      bootstrapped,
      standstill,
      config,
      inService: nodesInService(hosts, readings, rejoining),
      unreachable,
      formerBalancers,
    });
  }

  /**
   * Declares steps, each after those that it waits for, which have been performed.
   *
   * @param also what a step waits for as well.
   */
  async perform(
    steps: readonly OrderedStep[],
    also: (step: OrderedStep) => readonly pulumi.Resource[] = () => [],
  ): Promise<void> {
    for (const step of steps) {
      const after = [...step.after.flatMap((earlier) => this.done.get(keyOf(earlier)) ?? []), ...also(step)];
      for (const earlier of step.after) this.awaited.add(keyOf(earlier));
      const resource = this.resourceOf(step, after);
      this.done.set(keyOf(step), resource);
      // Otherwise the engine answers when the step has been done on the host: waiting would put steps in line that can be
      // done side by side.
      if (pulumi.runtime.isDryRun()) await this.pace.after([resource]);
    }
  }

  /**
   * The resources whose success means that all steps so far are done: those that no other step waits for. Not all of them,
   * because the state keeps what each resource depends on.
   */
  last(): pulumi.Resource[] {
    return [...this.done].filter(([key]) => !this.awaited.has(key)).map(([, resource]) => resource);
  }

  /** The steps of all hosts that have a name. */
  named(name: string): pulumi.Resource[] {
    return [...this.done].filter(([key]) => key.endsWith(`/${name}`)).map(([, resource]) => resource);
  }

  private claim(plan: HostPlan): Machine {
    const { config, stack, clusterId, access, readings, unreachable, heal, locate } = this.args;
    const target = access.get(plan.name);
    const reading = readings.get(plan.name);
    const facts = reading !== undefined && "facts" in reading ? reading.facts : undefined;
    const frozen = unreachable.has(plan.name);
    if (target === undefined || (facts === undefined && !frozen)) {
      throw new Error(`${plan.name}: the host was not read, which the guards should have found`);
    }
    const host = new Host(
      plan.name,
      {
        name: plan.name,
        target,
        cluster: config.clusterName,
        stack,
        clusterId,
        script: locate(scriptDownload(hostScript()), plan.arch),
        generation: facts === undefined ? 0 : claimGeneration(facts, heal.has(`${plan.name}/claim`)),
        frozen,
      },
      { parent: this.parent },
    );
    return { plan, facts, host };
  }

  private machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`${name}: a step was planned for a host that is not in the inventory`);
    return machine;
  }

  /** How the control-plane host is reached on which the roster's steps for a Node run. */
  private rosterHost(node: string, frozen = false): SshTarget {
    const { usableRosterHosts, previous } = this.args;
    const before = previous?.survivors?.[node];
    // Nothing is run for a host that cannot be reached, so nothing has to move either; its command keeps its connection.
    const stays = frozen && before !== undefined;
    const name = stays ? before : rosterHostFor(node, [...usableRosterHosts.keys()], previous?.survivors);
    const target = usableRosterHosts.get(name) ?? [...usableRosterHosts.values()][0];
    if (target === undefined) throw new Error(`${name}: nobody knows how to reach the host`);
    this.rosterHosts[node] = name;
    return target;
  }

  private resourceOf(step: OrderedStep, after: readonly pulumi.Resource[]): pulumi.Resource {
    const planned = stepNamed(step.name, this.args.config);
    switch (planned.kind) {
      case "membership":
        return this.membership(planned.name, after);
      case "node":
        return this.rosterStep(this.machine(step.host), planned.name, after);
      case "bundle":
        return this.bundle(this.machine(step.host), planned, after);
      default:
        throw new Error(`${step.name} is not done for hosts`);
    }
  }

  private membership(step: MembershipStep["name"], after: readonly pulumi.Resource[]): pulumi.Resource {
    const { hosts, config, stack, kubeconfig, handOver, rosterGeneration, incarnation } = this.args;
    const roster = { rosterHost: this.rosterHost("roster"), after, parent: this.parent, incarnation };
    if (step === "roster-access") {
      if (kubeconfig === undefined) throw new Error("only a cluster's own stack gives the roster its rights");
      return giveRosterAccess(hosts, { ...roster, kubeconfig });
    }
    const membership = { ...roster, stack, machineIds: this.machineIds, handOver, generation: rosterGeneration };
    return step === "evacuation" ? drainLeavingNodes(hosts, config, membership) : endMemberships(hosts, membership);
  }

  private rosterStep({ plan, facts, host }: Machine, step: NodeStep["name"], after: readonly pulumi.Resource[]) {
    const { config, stack, keys, heal, incarnation } = this.args;
    const roster = {
      incarnation,
      rosterHost: this.rosterHost(plan.name, host.frozen),
      parent: this.parent,
      machineId: this.machineIds[plan.name] ?? "",
      after,
      frozen: host.frozen,
      claim: host.claim,
    };
    const joining = {
      ...roster,
      generation: facts === undefined ? 0 : bundleGeneration(facts, nodeBundle, heal.has(`${plan.name}/${nodeBundle}`)),
      joinedAnew: this.joinedAnew(plan.name, facts),
      token: keys.bootstrapToken(plan.name),
    };
    const own = configFor(plan, config);
    return step === "drain" ? drain(plan, own, joining) : register(plan, own, { ...joining, stack });
  }

  private joinedAnew(name: string, facts: HostFacts | undefined): number | undefined {
    return facts === undefined ? undefined : joinedAnewAt(facts, this.args.rejoining.has(name));
  }

  private bundle({ plan, facts, host }: Machine, planned: BundleEntry, after: readonly pulumi.Resource[]) {
    const { hosts, config, locate, keys, heal, texts, linkMtu, formerBalancers } = this.args;
    const entry = entryFor(plan, planned, formerBalancers, config);
    const { name } = entry;
    const bundle = {
      host,
      after,
      generation: facts === undefined ? 0 : bundleGeneration(facts, name, heal.has(`${plan.name}/${name}`)),
      locate: (item: BundleBinary | BundleDownload) => locate(item, plan.arch),
      contentOf: (source: SecretSource) =>
        source.kind === "operator-file" ? pulumi.secret(texts.get(source.file) ?? "") : keys.contentOf(plan, source),
    };
    const surroundings = surroundingsOf(plan, facts, linkMtu);
    const joinedAnew = this.joinedAnew(plan.name, facts);
    const content = planBundle(entry, { host: plan, hosts, config, texts, surroundings, joinedAnew });
    return new Bundle(entry, content, bundle, { parent: this.parent }).done;
  }
}
