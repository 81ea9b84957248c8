import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { FetchedBinary } from "../../plan/bundle.ts";
import { renderClaim, renderClaimant, renderRelease } from "../../plan/claim.ts";
import { claimName } from "../../plan/names.ts";
import type { SshTarget } from "../../ssh/index.ts";
import { connectionOf } from "./access.ts";
import { frozenInputs } from "./frozen.ts";

export interface HostArgs {
  /** Name of the host in the inventory. */
  name: string;
  /** How it is reached. */
  target: SshTarget;
  cluster: string;
  stack: string;
  /** Id of the cluster that claims the host. */
  clusterId: pulumi.Input<string>;
  /** Digest and address of the host script. */
  script: FetchedBinary;
  /** See `claimGeneration` in plan/facts.ts. */
  generation: number;
  /** True when it cannot be reached: what is declared for it stays what it was. */
  frozen?: boolean;
}

/**
 * A machine that belongs to the cluster: it carries the host script and a claim.
 *
 * Creating it claims the host (and is refused by the host when another cluster has it). Deleting it releases the host:
 * units stopped, everything that bundles own removed, data such as etcd's set aside under /var/lib/plinth-kept. A host
 * that has meanwhile been claimed under another name is left alone.
 */
export class Host extends pulumi.ComponentResource {
  readonly name: string;
  /** Done when the host is claimed. */
  readonly claim: command.remote.Command;
  readonly target: SshTarget;
  readonly frozen: boolean;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:host:Host", name, {}, opts);
    this.name = args.name;
    this.target = args.target;
    this.frozen = args.frozen ?? false;
    const { cluster, stack } = args;
    this.claim = new command.remote.Command(
      claimName(name),
      {
        connection: connectionOf(args.target),
        create: renderClaim(args.script, args.generation),
        delete: renderRelease(args.name),
        stdin: pulumi
          .output(args.clusterId)
          .apply((clusterId) => renderClaimant({ cluster, clusterId, host: args.name, stack })),
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.Stdout,
      },
      { parent: this, hideDiffs: ["stdin", "connection"], ...frozenInputs(this.frozen) },
    );
    this.registerOutputs({});
  }
}
