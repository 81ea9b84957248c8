import type * as pulumi from "@pulumi/pulumi";
import { nodeBundle } from "../../plan/bundles/node.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "../host/bundle.ts";

/** kubelet, kube-proxy and flannel of one Node. */
export class NodeAgents extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:worker:NodeAgents", nodeBundle(host, hosts, config), args, opts);
  }
}
