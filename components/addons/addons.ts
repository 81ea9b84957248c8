import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../../plan/addons/objects.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { runtimeClassesOf } from "../../plan/settings/runtimeclasses.ts";
import type { Authority } from "../pki/authority.ts";
import { CoreDns } from "./coredns.ts";
import { MetricsServer } from "./metricsserver.ts";
import { Monitoring } from "./monitoring/monitoring.ts";
import type { Leaf } from "../pki/leaf.ts";
import { childOptions } from "./options.ts";

export interface AddonsArgs {
  /** Images, addresses and domain; see the components. */
  config: ClusterConfig;
  /** The inventory. */
  hosts: readonly Host[];
  /** The cluster's authority, `pki.authorities.kubernetes`. */
  authority: Authority;
  /** The identity that may read figures; none where nobody is told any. */
  reader?: Leaf | undefined;
  /** Nodes one of which has to be there before pods are waited for. Default: none. */
  nodes?: readonly pulumi.Resource[];
}

/**
 * What every cluster runs for itself, DNS and metrics, the classes of its runtimes, and the monitoring where it is asked for.
 *
 * Options: `providers: [kubernetesProvider(…)]`; `dependsOn` with what all of it waits for; `deletedWith`
 * with what goes away together with the whole cluster.
 */
export class Addons extends pulumi.ComponentResource {
  /** Address of the cluster's DNS. */
  readonly dnsAddress: string;

  constructor(name: string, args: AddonsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:Addons", name, {}, opts);
    const child = childOptions(this, opts);
    const { config, hosts, authority, nodes = [] } = args;
    const dns = new CoreDns("coredns", { config, hosts, authority, nodes }, child);
    for (const { name, nodeSelector } of runtimeClassesOf(hosts, config)) {
      const scheduling = Object.keys(nodeSelector).length === 0 ? {} : { scheduling: { nodeSelector } };
      const metadata = { name, labels: labelsOf(name, "runtime") };
      new k8s.node.v1.RuntimeClass(`runtime-${name}`, { metadata, handler: name, ...scheduling }, child);
    }
    new MetricsServer("metrics-server", { config, hosts, authority, nodes }, child);
    const { monitoring: settings } = config;
    const { reader } = args;
    if (settings !== undefined && reader !== undefined)
      new Monitoring("monitoring", { config, settings, hosts, authority, reader, nodes }, child);
    this.dnsAddress = dns.address;
    this.registerOutputs({ dnsAddress: this.dnsAddress });
  }
}
