import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { baselineBundle } from "../../plan/bundles/baseline.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "./bundle.ts";

/** Kernel, swap and logs of one host. */
export class Baseline extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:host:Baseline", baselineBundle(host, hosts, config), args, opts);
  }
}
