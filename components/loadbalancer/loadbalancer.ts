import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { loadBalancerBundle } from "../../plan/bundles/loadbalancer.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "../host/bundle.ts";

/** HAProxy and keepalived of one host. */
export class LoadBalancer extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:loadbalancer:LoadBalancer", loadBalancerBundle(host, hosts, config), args, opts);
  }
}
