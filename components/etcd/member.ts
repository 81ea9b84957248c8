import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { etcdBundle } from "../../plan/bundles/etcd.ts";
import type { Host } from "../../plan/inventory.ts";
import { Bundle, type BundleArgs } from "../host/bundle.ts";

/** The etcd member of one host. */
export class EtcdMember extends Bundle {
  constructor(
    host: Host,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: BundleArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("plinth:etcd:Member", etcdBundle(host, hosts, config), args, opts);
  }
}
