import * as pulumi from "@pulumi/pulumi";
import type { BundleBinary, BundleDownload, FetchedBinary } from "../plan/bundle.ts";
import { renderKubeconfig } from "../plan/bundles/kubeconfig.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { endpointOf } from "../plan/endpoint.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../plan/facts.ts";
import type { Host as HostPlan } from "../plan/inventory.ts";
import { survivorFor, usableSurvivors } from "../plan/membership.ts";
import { administrator } from "../plan/pki.ts";
import type { PreviousRun } from "../plan/previous.ts";
import {
  isClusterStep,
  isControlPlaneStep,
  keyOf,
  nodesInService,
  orderSteps,
  type BundleName,
  type OrderedStep,
} from "../plan/waves.ts";
import { ClusterAccess } from "./addons/access.ts";
import { Addons } from "./addons/addons.ts";
import { kubernetesProvider } from "./addons/provider.ts";
import { ControlPlane } from "./controlplane/controlplane.ts";
import { EtcdMember } from "./etcd/member.ts";
import type { Access } from "./host/access.ts";
import { Baseline } from "./host/baseline.ts";
import { Host } from "./host/host.ts";
import { LoadBalancer } from "./loadbalancer/loadbalancer.ts";
import { Pki } from "./pki/pki.ts";
import type { SshTarget } from "../ssh/index.ts";
import { handOver } from "./roster/handover.ts";
import { Membership } from "./roster/membership.ts";
import { Tenants } from "./tenants/tenants.ts";
import { Drain } from "./worker/drain.ts";
import { NodeAgents } from "./worker/node.ts";
import { Registration } from "./worker/registration.ts";
import { Runtime } from "./worker/runtime.ts";

export interface ClusterArgs {
  config: ClusterConfig;
  hosts: readonly HostPlan[];
  stack: string;
  clusterId: pulumi.Input<string>;
  access: Access;
  /** What the hosts said before this run, by name. */
  readings: ReadonlyMap<string, HostReading>;
  /** Digest and address of what hosts of an architecture fetch. */
  locate: (item: BundleBinary | BundleDownload, arch: HostPlan["arch"]) => FetchedBinary;
  /** Whether the control plane has been brought up once. */
  bootstrapped: boolean;
  /** Hosts that cannot be reached: what is declared for them stays what it was. */
  unreachable: ReadonlySet<string>;
  /** Hosts that leave and are alive. */
  handingOver: Access;
  /** What the run before has left. */
  previous: PreviousRun | undefined;
  /** See `MembershipArgs.generation`. */
  rosterGeneration: number;
  /** What is applied again although nothing about it has changed: `HOST/BUNDLE`, or `HOST/claim`. */
  heal: ReadonlySet<string>;
}

/** A host of the inventory, what it said, and the resource that claims it. */
interface Machine {
  plan: HostPlan;
  /** Undefined when it cannot be reached. */
  facts: HostFacts | undefined;
  host: Host;
}

const componentOf = {
  baseline: Baseline,
  etcd: EtcdMember,
  controlplane: ControlPlane,
  loadbalancer: LoadBalancer,
  runtime: Runtime,
  node: NodeAgents,
} satisfies Record<BundleName, unknown>;

/**
 * A highly available cluster, in the planned order: keys, hosts, the control plane (etcd, API servers, load balancers),
 * what Nodes may do, the Nodes, and what runs in the cluster for itself.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly endpoint: string;
  readonly caCertificate: pulumi.Output<string>;
  /** Kubeconfig of the administrator. A secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Node → machine id of its host, as far as it is known. */
  readonly machineIds: Readonly<Record<string, string>>;
  /** Subject of the roster → control-plane host on which its steps run. */
  readonly survivors: Record<string, string> = {};
  readonly rosterGeneration: number;
  /** Key of the authority behind `caCertificate`. A secret. */
  readonly authorityKey: pulumi.Output<string>;
  /** Tenant → its kubeconfig. Secrets. */
  readonly tenantKubeconfigs: Readonly<Record<string, pulumi.Output<string>>>;
  private readonly args: ClusterArgs;
  private readonly pki: Pki;
  private readonly machines: ReadonlyMap<string, Machine>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:Cluster", name, {}, opts);
    const { config, hosts, readings } = args;
    this.args = args;
    this.rosterGeneration = args.rosterGeneration;
    this.machineIds = machineIdsOf(args);
    this.pki = new Pki(`${name}-pki`, { hosts, config }, { parent: this });
    this.machines = new Map(hosts.map((plan): [string, Machine] => [plan.name, this.claim(plan)]));
    this.endpoint = endpointOf(hosts, config);
    this.caCertificate = this.pki.authorities.kubernetes.certificate;
    this.authorityKey = this.pki.authorities.kubernetes.key;
    this.kubeconfig = this.administratorKubeconfig();

    const steps = orderSteps(hosts, {
      bootstrapped: args.bootstrapped,
      hasVip: config.vip !== undefined,
      inService: nodesInService(hosts, readings),
      maxUnavailable: config.maxUnavailable,
      maxRacks: config.maxRacks,
      unreachable: args.unreachable,
    });
    const done = new Map<string, pulumi.Resource>();
    const afterOf = (step: OrderedStep) => step.after.flatMap((earlier) => done.get(keyOf(earlier)) ?? []);
    const controlPlane = steps.filter((step) => isControlPlaneStep(step, hosts));
    for (const step of controlPlane) done.set(keyOf(step), this.perform(step, afterOf(step)));

    const kubernetes = {
      providers: [
        kubernetesProvider({ kubeconfig: this.kubeconfig, clusterIdentifier: args.clusterId }, { parent: this }),
      ],
      // With the hosts goes everything that the cluster holds.
      deletedWith: this,
    };
    const access = new ClusterAccess(
      "access",
      { config },
      { parent: this, ...kubernetes, dependsOn: [...done.values()] },
    );
    for (const step of steps.filter((candidate) => !controlPlane.includes(candidate))) {
      done.set(keyOf(step), this.perform(step, step.name === "baseline" ? afterOf(step) : [...afterOf(step), access]));
    }
    new Addons(
      "addons",
      { config, hosts, authority: this.pki.authorities.kubernetes },
      { parent: this, ...kubernetes, dependsOn: [...done.values()] },
    );
    this.tenantKubeconfigs = new Tenants(
      "tenants",
      { config, authority: this.pki.authorities.kubernetes, endpoint: this.endpoint },
      { parent: this, ...kubernetes, dependsOn: [...done.values()] },
    ).kubeconfigs;
    this.registerOutputs({ endpoint: this.endpoint, caCertificate: this.caCertificate, kubeconfig: this.kubeconfig });
  }

  private claim(plan: HostPlan): Machine {
    const { config, stack, clusterId, access, readings, unreachable } = this.args;
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
        generation: facts === undefined ? 0 : claimGeneration(facts, this.args.heal.has(`${plan.name}/claim`)),
        frozen,
      },
      { parent: this },
    );
    return { plan, facts, host };
  }

  private machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`${name}: a step was planned for a host that is not in the inventory`);
    return machine;
  }

  /** How the control-plane host is reached on which the roster's steps for a subject run. */
  private survivor(subject: string, frozen = false): SshTarget {
    const { hosts, readings, previous } = this.args;
    const before = previous?.survivors?.[subject];
    // Nothing is run for a host that cannot be reached, so nothing has to move either.
    const stays = frozen && before !== undefined && this.machines.has(before);
    const name = stays ? before : survivorFor(subject, usableSurvivors(hosts, readings), previous?.survivors);
    this.survivors[subject] = name;
    return this.machine(name).host.target;
  }

  /** The resource whose success means that the step is done. */
  private perform(step: OrderedStep, after: readonly pulumi.Resource[]): pulumi.Resource {
    const { config, hosts, locate, stack } = this.args;
    const child = { parent: this };
    if (isClusterStep(step.name)) {
      const membership = {
        survivor: this.survivor("roster"),
        kubeconfig: this.kubeconfig,
        after,
        stack,
        machineIds: this.machineIds,
        handOver: () => handOver(this.args.handingOver),
        generation: this.rosterGeneration,
      };
      return new Membership(step.name, hosts, config, membership, child).command;
    }
    const { plan, facts, host } = this.machine(step.host);
    if (step.name === "drain" || step.name === "register") {
      const roster = {
        survivor: this.survivor(plan.name, host.frozen),
        kubeconfig: this.kubeconfig,
        machineId: this.machineIds[plan.name] ?? "",
        after,
        frozen: host.frozen,
      };
      if (step.name === "drain") return new Drain(plan, config, roster, child).command;
      const registration = {
        ...roster,
        stack,
        generation: facts === undefined ? 0 : bundleGeneration(facts, "node", this.args.heal.has(`${plan.name}/node`)),
        token: this.pki.bootstrapToken(plan.name),
      };
      return new Registration(plan, config, registration, child).command;
    }
    const Component = componentOf[step.name];
    const bundle = new Component(
      plan,
      hosts,
      config,
      {
        host,
        after,
        generation: facts === undefined ? 0 : bundleGeneration(facts, step.name, this.args.heal.has(keyOf(step))),
        locate: (item) => locate(item, plan.arch),
        contentOf: (source) => this.pki.contentOf(plan, source),
      },
      child,
    );
    return bundle.command;
  }

  private administratorKubeconfig(): pulumi.Output<string> {
    const { certificate, key } = this.pki.administrator;
    return pulumi.secret(
      pulumi.all([this.caCertificate, certificate, key]).apply(([authorityPem, certificatePem, keyPem]) =>
        renderKubeconfig({
          cluster: this.args.config.clusterName,
          user: administrator.commonName,
          server: this.endpoint,
          authority: { pem: authorityPem },
          certificate: { pem: certificatePem },
          key: { pem: keyPem },
        }),
      ),
    );
  }
}

/** Machine ids as the hosts say them, and for hosts that cannot be reached as they said before. */
function machineIdsOf({ hosts, readings, previous }: ClusterArgs): Record<string, string> {
  return Object.fromEntries(
    hosts.flatMap(({ name }) => {
      const reading = readings.get(name);
      const id =
        reading !== undefined && "facts" in reading ? reading.facts.machineId : previous?.hosts[name]?.machineId;
      return id === undefined ? [] : [[name, id]];
    }),
  );
}
