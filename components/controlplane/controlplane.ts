import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { controlPlaneBundle } from "../../plan/bundles/controlplane.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "../host/bundle.ts";

/** API server, controller manager and scheduler of one host. */
export class ControlPlane extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:controlplane:ControlPlane", controlPlaneBundle(host, hosts, config), args, opts);
  }
}
