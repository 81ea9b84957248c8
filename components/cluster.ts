import * as pulumi from "@pulumi/pulumi";
import type { BundleBinary, BundleDownload, FetchedBinary } from "../plan/bundle.ts";
import { renderKubeconfig } from "../plan/bundles/kubeconfig.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { endpointOf } from "../plan/endpoint.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../plan/facts.ts";
import { withRole, type Host as HostPlan } from "../plan/inventory.ts";
import { administrator } from "../plan/pki.ts";
import {
  isBootstrapped,
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
}

/** A host of the inventory, what it said, and the resource that claims it. */
interface Machine {
  plan: HostPlan;
  facts: HostFacts;
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
    this.pki = new Pki(`${name}-pki`, { hosts, config }, { parent: this });
    this.machines = new Map(hosts.map((plan): [string, Machine] => [plan.name, this.claim(plan)]));
    this.endpoint = endpointOf(hosts, config);
    this.caCertificate = this.pki.authorities.kubernetes.certificate;
    this.authorityKey = this.pki.authorities.kubernetes.key;
    this.kubeconfig = this.administratorKubeconfig();

    const steps = orderSteps(hosts, {
      bootstrapped: isBootstrapped(hosts, readings),
      hasVip: config.vip !== undefined,
      inService: nodesInService(hosts, readings),
      maxUnavailable: config.maxUnavailable,
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
    const { config, stack, clusterId, access, readings } = this.args;
    const target = access.get(plan.name);
    const reading = readings.get(plan.name);
    if (target === undefined || reading === undefined || !("facts" in reading)) {
      throw new Error(`${plan.name}: the host was not read, which the guards should have found`);
    }
    const { facts } = reading;
    const host = new Host(
      plan.name,
      {
        name: plan.name,
        target,
        cluster: config.clusterName,
        stack,
        clusterId,
        generation: claimGeneration(facts),
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

  /** The resource whose success means that the step is done. */
  private perform(step: OrderedStep, after: readonly pulumi.Resource[]): pulumi.Resource {
    const { config, hosts, locate } = this.args;
    const { plan, facts, host } = this.machine(step.host);
    const child = { parent: this };
    if (step.name === "drain" || step.name === "register") {
      const survivor = this.machine(withRole(hosts, "control-plane")[0]?.name ?? "").host.target;
      const roster = { survivor, kubeconfig: this.kubeconfig, machineId: facts.machineId, after };
      if (step.name === "drain") return new Drain(plan, config, roster, child).command;
      const registration = {
        ...roster,
        generation: bundleGeneration(facts, "node"),
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
        generation: bundleGeneration(facts, step.name),
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
