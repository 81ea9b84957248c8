import * as pulumi from "@pulumi/pulumi";
import type { BundleBinary, BundleDownload, FetchedBinary } from "../plan/bundle.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { bundleGeneration, claimGeneration, type HostReading } from "../plan/facts.ts";
import type { Host as HostPlan } from "../plan/inventory.ts";
import type { PoolMaterial } from "../plan/pool.ts";
import { isClusterStep, keyOf, nodesInService, orderSteps, type OrderedStep } from "../plan/waves.ts";
import type { SshTarget } from "../ssh/index.ts";
import type { Access } from "./host/access.ts";
import { Baseline } from "./host/baseline.ts";
import { Host } from "./host/host.ts";
import { PoolPki } from "./pki/poolpki.ts";
import { Membership } from "./roster/membership.ts";
import { Drain } from "./worker/drain.ts";
import { NodeAgents } from "./worker/node.ts";
import { Registration } from "./worker/registration.ts";
import { Runtime } from "./worker/runtime.ts";

export interface WorkerPoolArgs {
  /** The pool's, completed by what it takes from its cluster. */
  config: ClusterConfig;
  hosts: readonly HostPlan[];
  stack: string;
  /** What the cluster's stack handed over. */
  material: PoolMaterial;
  access: Access;
  /** The control-plane host on which the steps of the roster run. */
  survivor: SshTarget;
  /** What the hosts said before this run, by name. */
  readings: ReadonlyMap<string, HostReading>;
  /** Digest and address of what hosts of an architecture fetch. */
  locate: (item: BundleBinary | BundleDownload, arch: HostPlan["arch"]) => FetchedBinary;
}

const componentOf: Readonly<Record<string, typeof Baseline | typeof Runtime | typeof NodeAgents>> = {
  baseline: Baseline,
  runtime: Runtime,
  node: NodeAgents,
};

/** Workers that join the cluster of another stack, in the same order as those of the cluster's own stack. */
export class WorkerPool extends pulumi.ComponentResource {
  private readonly args: WorkerPoolArgs;
  private readonly pki: PoolPki;
  private readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:WorkerPool", name, {}, opts);
    this.args = args;
    const { hosts, config, readings, material } = args;
    const { certificate, key } = material.authority;
    const authority = { certificate: pulumi.output(certificate), key: pulumi.secret(key) };
    this.kubeconfig = pulumi.secret(material.kubeconfig);
    this.pki = new PoolPki(`${name}-pki`, { hosts, config, authority }, { parent: this });
    const machines = new Map(hosts.map((plan): [string, Host] => [plan.name, this.claim(plan)]));
    const steps = orderSteps(hosts, {
      bootstrapped: true,
      hasVip: false,
      inService: nodesInService(hosts, readings),
      maxUnavailable: config.maxUnavailable,
      maxRacks: config.maxRacks,
      unreachable: new Set(),
    });
    const done = new Map<string, pulumi.Resource>();
    for (const step of steps) {
      const after = step.after.flatMap((earlier) => done.get(keyOf(earlier)) ?? []);
      done.set(keyOf(step), this.perform(step, machines.get(step.host), after));
    }
    this.registerOutputs({});
  }

  private claim(plan: HostPlan): Host {
    const { config, stack, access, material } = this.args;
    const target = access.get(plan.name);
    if (target === undefined) throw new Error(`${plan.name}: nobody knows how to reach the host`);
    const args = {
      name: plan.name,
      target,
      cluster: config.clusterName,
      stack,
      clusterId: material.clusterId,
      generation: claimGeneration(this.factsOf(plan)),
    };
    return new Host(plan.name, args, { parent: this });
  }

  private factsOf(plan: HostPlan) {
    const reading = this.args.readings.get(plan.name);
    if (reading === undefined || !("facts" in reading)) throw new Error(`${plan.name}: the host was not read`);
    return reading.facts;
  }

  /** The resource whose success means that the step is done. */
  private perform(step: OrderedStep, host: Host | undefined, after: readonly pulumi.Resource[]): pulumi.Resource {
    const { config, hosts, locate, survivor, stack } = this.args;
    if (isClusterStep(step.name)) {
      const machineIds = Object.fromEntries(hosts.map((plan) => [plan.name, this.factsOf(plan).machineId]));
      const membership = {
        ...{ survivor, kubeconfig: this.kubeconfig, after, stack, machineIds, generation: 0 },
        // Workers hold nothing that could be handed over.
        handOver: () => Promise.resolve(),
      };
      return new Membership(step.name, hosts, config, membership, { parent: this }).command;
    }
    const plan = hosts.find(({ name }) => name === step.host);
    if (plan === undefined || host === undefined) throw new Error(`${step.host}: a step of a host that is not there`);
    const facts = this.factsOf(plan);
    const child = { parent: this };
    const { hostKeys } = this.pki;
    if (step.name === "drain" || step.name === "register") {
      const roster = { survivor, kubeconfig: this.kubeconfig, machineId: facts.machineId, after };
      if (step.name === "drain") return new Drain(plan, config, roster, child).command;
      const generation = bundleGeneration(facts, "node");
      const token = hostKeys.bootstrapToken(plan.name);
      return new Registration(plan, config, { ...roster, stack, generation, token }, child).command;
    }
    const Component = componentOf[step.name];
    if (Component === undefined) throw new Error(`${step.host}: a worker has no bundle ${step.name}`);
    const bundle = {
      host,
      after,
      generation: bundleGeneration(facts, step.name),
      locate: (item: BundleBinary | BundleDownload) => locate(item, plan.arch),
      contentOf: (source: Parameters<typeof hostKeys.contentOf>[1]) => hostKeys.contentOf(plan, source),
    };
    return new Component(plan, hosts, config, bundle, child).command;
  }
}
