import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { HostKeys, type Signer } from "./hostkeys.ts";

export interface PoolPkiArgs {
  hosts: readonly Host[];
  config: ClusterConfig;
  /** The cluster's authority. */
  authority: Signer;
}

/** Certificates and tokens of a pool's hosts, signed by the authority of a cluster that another stack made. */
export class PoolPki extends pulumi.ComponentResource {
  readonly hostKeys: HostKeys;

  constructor(name: string, args: PoolPkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:PoolPki", name, {}, opts);
    const { hosts, config, authority } = args;
    const authorityOf = (kind: string): Signer => {
      if (kind !== "kubernetes") throw new Error(`a pool has nothing to do with the ${kind} authority`);
      return authority;
    };
    this.hostKeys = new HostKeys(this, { hosts, config, authorityOf });
    this.registerOutputs({});
  }
}
