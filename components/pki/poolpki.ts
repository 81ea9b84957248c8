import * as pulumi from "@pulumi/pulumi";
import type { Authority } from "../../plan/bundle.ts";
import { HostKeys, type Keyholders } from "./hostkeys.ts";

export interface PoolPkiArgs extends Keyholders {
  /** Certificate of the cluster's authority. PEM. */
  authority: string;
}

/** What a pool's hosts need to join a cluster that another stack made. A pool signs nothing: it has no authority's key. */
export class PoolPki extends pulumi.ComponentResource {
  private readonly args: PoolPkiArgs;

  constructor(name: string, args: PoolPkiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:pki:PoolPki", name, {}, opts);
    this.args = args;
    this.registerOutputs({});
  }

  /** Declares the tokens of the hosts. */
  makeHostKeys(): Promise<HostKeys> {
    const certificateOf = (kind: Authority): pulumi.Output<string> => {
      if (kind !== "kubernetes") throw new Error(`a pool has nothing to do with the ${kind} authority`);
      return pulumi.output(this.args.authority);
    };
    const signerOf = (kind: Authority): never => {
      throw new Error(`a pool has no key of the ${kind} authority`);
    };
    return HostKeys.make(this, { ...this.args, certificateOf, signerOf });
  }
}
