import type * as pulumi from "@pulumi/pulumi";
import { runtimeBundle } from "../../plan/bundles/runtime.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "../host/bundle.ts";

/** containerd, runc, CNI plugins and image archives of one Node. */
export class Runtime extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:worker:Runtime", runtimeBundle(host, hosts, config), args, opts);
  }
}
