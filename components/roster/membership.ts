import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { clusterOwner, renderRoster } from "../../plan/roster.ts";
import { ports } from "../../plan/ports.ts";
import type { ClusterStepName } from "../../plan/waves.ts";
import { RosterCommand, type RosterArgs } from "./command.ts";

export interface MembershipArgs extends RosterArgs {
  stack: string;
  /** Node → machine id of its host, as far as it is known. */
  machineIds: Readonly<Record<string, string>>;
  /** Runs before the membership of hosts that leave is ended, while they are still alive. */
  handOver: () => Promise<void>;
  /** Raised to run the step although nothing about it has changed. */
  generation: number;
}

/** Seconds in which members and Nodes must be gone: etcd refuses changes for a while after a restart. */
const rosterSeconds = 180;

/**
 * Ends the membership of hosts that are no longer in the inventory. `evacuation` drains their Nodes; `roster` lets them hand
 * over what they hold, removes their etcd members one at a time and deletes their Nodes. Both compare the whole roster with
 * the live cluster, so that a run that was killed is finished by the next.
 */
export class Membership extends RosterCommand {
  constructor(
    step: ClusterStepName,
    hosts: readonly Host[],
    config: ClusterConfig,
    args: MembershipArgs,
    opts: pulumi.ComponentResourceOptions,
  ) {
    const variables = {
      ROSTER: renderRoster(hosts, args.machineIds),
      OWNER: clusterOwner(args.stack),
      SERVER: `https://${args.survivor.host}:${ports.apiserver}`,
      ...(step === "evacuation"
        ? { GRACE: config.drainGraceSeconds === undefined ? "" : String(config.drainGraceSeconds) }
        : { LOCAL: `https://127.0.0.1:${ports.etcdClient}`, GENERATION: String(args.generation) }),
    };
    const deadline = step === "evacuation" ? config.drainSeconds : rosterSeconds;
    const hooks =
      step === "roster" ? { beforeUpdate: [new pulumi.ResourceHook("hand-over", () => args.handOver())] } : undefined;
    super(
      { name: step, script: step, node: step, deadline, variables, ...(hooks === undefined ? {} : { hooks }) },
      args,
      opts,
    );
  }
}
