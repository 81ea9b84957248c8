import * as pulumi from "@pulumi/pulumi";
import type { BundleBinary, FetchedBinary } from "../plan/bundle.ts";
import { renderKubeconfig } from "../plan/bundles/kubeconfig.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { endpointOf } from "../plan/endpoint.ts";
import { bundleGeneration, claimGeneration, type HostFacts, type HostReading } from "../plan/facts.ts";
import type { Host as HostPlan } from "../plan/inventory.ts";
import { administrator } from "../plan/pki.ts";
import { isBootstrapped, orderSteps, type BundleName, type Step } from "../plan/waves.ts";
import { ControlPlane } from "./controlplane/controlplane.ts";
import { EtcdMember } from "./etcd/member.ts";
import type { Access } from "./host/access.ts";
import type { Bundle } from "./host/bundle.ts";
import { Host } from "./host/host.ts";
import { LoadBalancer } from "./loadbalancer/loadbalancer.ts";
import { Pki } from "./pki/pki.ts";

export interface ClusterArgs {
  config: ClusterConfig;
  hosts: readonly HostPlan[];
  stack: string;
  clusterId: pulumi.Input<string>;
  access: Access;
  /** What the hosts said before this run, by name. */
  readings: ReadonlyMap<string, HostReading>;
  /** Digest and address of a binary for a host's architecture. */
  locate: (binary: BundleBinary, arch: HostPlan["arch"]) => FetchedBinary;
}

const componentOf = { etcd: EtcdMember, controlplane: ControlPlane, loadbalancer: LoadBalancer } satisfies Record<
  BundleName,
  unknown
>;
const keyOf = (step: Step) => `${step.host}/${step.bundle}`;

/** A highly available control plane: keys, hosts, then etcd, API servers and load balancers in the planned order. */
export class Cluster extends pulumi.ComponentResource {
  readonly endpoint: string;
  readonly caCertificate: pulumi.Output<string>;
  /** Kubeconfig of the administrator. A secret. */
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:Cluster", name, {}, opts);
    const { config, hosts, readings } = args;
    const child = { parent: this };

    const pki = new Pki(`${name}-pki`, { hosts, config }, child);

    const machines = new Map<string, { plan: HostPlan; facts: HostFacts; host: Host }>();
    for (const plan of hosts) {
      const target = args.access.get(plan.name);
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
          stack: args.stack,
          clusterId: args.clusterId,
          generation: claimGeneration(facts),
        },
        child,
      );
      machines.set(plan.name, { plan, facts, host });
    }

    const bundles = new Map<string, Bundle>();
    for (const step of orderSteps(hosts, {
      bootstrapped: isBootstrapped(hosts, readings),
      hasVip: config.vip !== undefined,
    })) {
      const machine = machines.get(step.host);
      if (machine === undefined)
        throw new Error(`${step.host}: a step was planned for a host that is not in the inventory`);
      const { plan, facts, host } = machine;
      const Component = componentOf[step.bundle];
      const bundle = new Component(
        plan,
        hosts,
        config,
        {
          host,
          after: step.after.flatMap((earlier) => bundles.get(keyOf(earlier)) ?? []),
          generation: bundleGeneration(facts, step.bundle),
          locate: (binary) => args.locate(binary, plan.arch),
          contentOf: (source) => pki.contentOf(plan, source),
        },
        child,
      );
      bundles.set(keyOf(step), bundle);
    }

    this.endpoint = endpointOf(hosts, config);
    this.caCertificate = pki.authorities.kubernetes.certificate;
    this.kubeconfig = pulumi.secret(
      pulumi
        .all([this.caCertificate, pki.administrator.certificate, pki.administrator.key])
        .apply(([authority, certificate, key]) =>
          renderKubeconfig({
            cluster: config.clusterName,
            user: administrator.commonName,
            server: this.endpoint,
            authority: { pem: authority },
            certificate: { pem: certificate },
            key: { pem: key },
          }),
        ),
    );
    this.registerOutputs({ endpoint: this.endpoint, caCertificate: this.caCertificate, kubeconfig: this.kubeconfig });
  }
}
