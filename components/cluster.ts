import * as pulumi from "@pulumi/pulumi";
import { renderKubeconfig } from "../plan/bundles/kubeconfig.ts";
import { endpointOf, publicEndpointOf } from "../plan/endpoint.ts";
import { objectsOf } from "../plan/guards.ts";
import { joinsOf } from "../plan/joining.ts";
import { administrator } from "../plan/pki.ts";
import { beginsNode, isControlPlaneStep } from "../plan/waves.ts";
import { ClusterAccess } from "./addons/access.ts";
import { Addons } from "./addons/addons.ts";
import { kubernetesProvider } from "./addons/provider.ts";
import { Fleet, type FleetInput } from "./fleet.ts";
import type { HostAccess } from "./host/access.ts";
import { heldUntil } from "./order.ts";
import type { HostKeys } from "./pki/hostkeys.ts";
import type { Leaf } from "./pki/leaf.ts";
import { Pki } from "./pki/pki.ts";
import { handOver } from "./roster/handover.ts";
import { Tenants } from "./tenants/tenants.ts";

export interface ClusterArgs extends FleetInput {
  /** Which clusters of this stack began with a snapshot, see plan/outputs.ts. */
  fromSnapshot: readonly number[];
  /** Hosts that leave and are alive. */
  handingOver: HostAccess;
}

/** What the next run and other stacks are told of a cluster besides its endpoint and keys. */
export interface ClusterParts {
  /** Node → machine id of its host, as far as it is known. */
  machineIds: Readonly<Record<string, string>>;
  /** Node, or `roster` for the cluster as a whole, → control-plane host on which its steps run. */
  rosterHosts: Readonly<Record<string, string>>;
  /** Tenant → its kubeconfig. Secrets. */
  tenantKubeconfigs: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * A highly available cluster, in the planned order: keys, hosts, the control plane (etcd, API servers, load balancers),
 * what Nodes may do, the Nodes, and what runs in the cluster for itself.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly endpoint: string;
  readonly caCertificate: pulumi.Output<string>;
  /** Kubeconfig of the administrator. A secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The same by the way that hosts go, for what this program does in the cluster. */
  private readonly ownKubeconfig: pulumi.Output<string>;
  private readonly args: ClusterArgs;
  private readonly pki: Pki;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:Cluster", name, {}, opts);
    const { config, hosts } = args;
    this.args = args;
    this.pki = new Pki(`${name}-pki`, { hosts, config, joinOf: joinsOf(args) }, { parent: this });
    this.endpoint = publicEndpointOf(hosts, config);
    this.caCertificate = this.pki.authorities.kubernetes.certificate;
    this.kubeconfig = this.administratorKubeconfig(this.endpoint);
    // A name that is new to the API servers' certificates is good for nothing before they have them.
    this.ownKubeconfig = this.administratorKubeconfig(endpointOf(hosts, config));
    this.registerOutputs({ endpoint: this.endpoint, caCertificate: this.caCertificate, kubeconfig: this.kubeconfig });
  }

  /** The certificate of whoever reads figures; undefined where nobody does. */
  get metricsReader(): Leaf | undefined {
    return this.pki.metricsReader;
  }

  /** Declares the keys of the hosts. */
  makeHostKeys(): Promise<HostKeys> {
    return this.pki.makeHostKeys();
  }

  /** Declares everything: the keys of the hosts, the hosts, what runs on them, and what runs in the cluster. */
  async bringUp(): Promise<ClusterParts> {
    const hostKeys = await this.makeHostKeys();
    const { args } = this;
    const { config, hosts } = args;
    const fleet = new Fleet(this, {
      ...args,
      kubeconfig: this.ownKubeconfig,
      handOver: () => handOver(args.handingOver),
      keys: {
        bootstrapToken: (host) => hostKeys.bootstrapToken(host),
        contentOf: (host, source) => this.pki.contentOf(hostKeys, host, source),
      },
    });

    const steps = fleet.steps();
    const controlPlane = steps.filter((step) => isControlPlaneStep(step, hosts, config));
    await fleet.perform(controlPlane);
    const objects = objectsOf(args);
    const clusterIdentifier = objects === undefined ? args.clusterId : pulumi.interpolate`${args.clusterId}-${objects}`;
    // Whoever makes the provider may look for the API at once.
    const kubeconfig = heldUntil(fleet.last(), this.ownKubeconfig);
    const kubernetes = {
      providers: [kubernetesProvider({ kubeconfig, clusterIdentifier }, { parent: this })],
      // Objects in the cluster are gone when its hosts are destroyed: the engine does not delete them one by one.
      deletedWith: this,
    };
    const access = new ClusterAccess("access", { config, hosts }, { parent: this, ...kubernetes });
    await fleet.perform(
      steps.filter((step) => !controlPlane.includes(step)),
      // A Node's first step that has to do with the API; the others wait for it.
      (step) => (beginsNode(step.name) ? access.objects : []),
    );
    // Later changes come to what runs in the cluster when all Nodes are done; at first one Node is enough for its pods.
    const nodes = args.bootstrapped ? [] : fleet.named("register");
    const after = args.bootstrapped ? fleet.last() : [];
    new Addons(
      "addons",
      { config, hosts, authority: this.pki.authorities.kubernetes, reader: this.metricsReader, nodes },
      { parent: this, ...kubernetes, dependsOn: after },
    );
    const { kubeconfigs } = new Tenants(
      "tenants",
      { config, authority: this.pki.authorities.kubernetes, endpoint: this.endpoint },
      { parent: this, ...kubernetes, dependsOn: after },
    );
    return { machineIds: fleet.machineIds, rosterHosts: fleet.rosterHosts, tenantKubeconfigs: kubeconfigs };
  }

  private administratorKubeconfig(server: string): pulumi.Output<string> {
    const { certificate, key } = this.pki.administrator;
    return pulumi.secret(
      pulumi.all([this.caCertificate, certificate, key]).apply(([authorityPem, certificatePem, keyPem]) =>
        renderKubeconfig({
          cluster: this.args.config.clusterName,
          user: administrator.commonName,
          server,
          authority: { pem: authorityPem },
          certificate: { pem: certificatePem },
          key: { pem: keyPem },
        }),
      ),
    );
  }
}
