import * as pulumi from "@pulumi/pulumi";
import type { PoolMaterial } from "../plan/poolmaterial.ts";
import { Fleet, type FleetInput } from "./fleet.ts";
import { PoolPki } from "./pki/poolpki.ts";

export interface WorkerPoolArgs extends FleetInput {
  /** What the cluster's stack handed over. */
  material: Pick<PoolMaterial, "authority">;
}

/** Workers that join the cluster of another stack, in the same order as those of the cluster's own stack. */
export class WorkerPool extends pulumi.ComponentResource {
  /** Node → machine id of its host, as far as it is known. */
  readonly machineIds: Readonly<Record<string, string>>;
  /** Node, or `roster` for the cluster as a whole, → control-plane host on which its steps run. */
  readonly rosterHosts: Readonly<Record<string, string>>;

  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:index:WorkerPool", name, {}, opts);
    const { hosts, config, material } = args;
    const { certificate, key } = material.authority;
    const authority = { certificate: pulumi.output(certificate), key: pulumi.secret(key) };
    const { hostKeys } = new PoolPki(`${name}-pki`, { hosts, config, authority }, { parent: this });
    const fleet = new Fleet(this, {
      ...args,
      // Workers hold nothing that could be handed over.
      handOver: () => Promise.resolve(),
      keys: {
        bootstrapToken: (host) => hostKeys.bootstrapToken(host),
        contentOf: (host, source) => hostKeys.contentOf(host, source),
      },
    });
    for (const step of fleet.steps()) fleet.perform(step);
    this.machineIds = fleet.machineIds;
    this.rosterHosts = fleet.rosterHosts;
    this.registerOutputs({});
  }
}
