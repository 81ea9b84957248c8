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
  private readonly args: PoolPkiArgs;

  constructor(name: string, args: PoolPkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:PoolPki", name, {}, opts);
    this.args = args;
    this.registerOutputs({});
  }

  /** Declares the keys of the hosts. */
  makeHostKeys(): Promise<HostKeys> {
    const { hosts, config, authority } = this.args;
    const authorityOf = (kind: string): Signer => {
      if (kind !== "kubernetes") throw new Error(`a pool has nothing to do with the ${kind} authority`);
      return authority;
    };
    return HostKeys.make(this, { hosts, config, authorityOf });
  }
}
