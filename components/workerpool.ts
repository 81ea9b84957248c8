import * as pulumi from "@pulumi/pulumi";
import { joinsOf } from "../plan/joining.ts";
import type { PoolMaterial } from "../plan/poolmaterial.ts";
import { Fleet, type FleetInput } from "./fleet.ts";
import { PoolPki } from "./pki/poolpki.ts";

export interface WorkerPoolArgs extends FleetInput {
  /** What the cluster's stack handed over. */
  material: Pick<PoolMaterial, "authority">;
}

/** Workers that join the cluster of another stack, in the same order as those of the cluster's own stack. */
export class WorkerPool extends pulumi.ComponentResource {
  private readonly args: WorkerPoolArgs;
  private readonly pki: PoolPki;

  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:WorkerPool", name, {}, opts);
    const { hosts, config, material } = args;
    this.args = args;
    const keyholders = { hosts, config, joinOf: joinsOf(args) };
    this.pki = new PoolPki(`${name}-pki`, { ...keyholders, authority: material.authority }, { parent: this });
    this.registerOutputs({});
  }

  /** Declares the keys of the hosts, the hosts, and what runs on them. */
  async bringUp(): Promise<Pick<Fleet, "machineIds" | "rosterHosts">> {
    const hostKeys = await this.pki.makeHostKeys();
    const fleet = new Fleet(this, {
      ...this.args,
      // Workers hold nothing that could be handed over.
      handOver: () => Promise.resolve(),
      keys: {
        bootstrapToken: (host) => hostKeys.bootstrapToken(host),
        contentOf: (host, source) => hostKeys.contentOf(host, source),
      },
    });
    await fleet.perform(fleet.steps());
    return fleet;
  }
}
