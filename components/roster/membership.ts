import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { withRole, type Host } from "../../plan/inventory.ts";
import { ports } from "../../plan/ports.ts";
import { ownerOf, renderRoster } from "../../plan/roster.ts";
import { renderRosterAccess } from "../../plan/rosteraccess.ts";
import { rosterCommand, type RosterArgs } from "./command.ts";

export interface MembershipArgs extends RosterArgs {
  stack: string;
  /** Node → machine id of its host, as far as it is known. */
  machineIds: Readonly<Record<string, string>>;
  /** Runs before the membership of hosts that leave is ended, while they are still alive. */
  handOver: () => Promise<void>;
  /** Raised to run the steps although nothing about them has changed. */
  generation: number;
}

/** Seconds in which members and Nodes must be gone: etcd refuses changes for a while after a restart. */
const rosterSeconds = 180;

/** Seconds in which the API servers must let the roster do what it does. */
const accessSeconds = 120;

/**
 * Gives the roster its rights in the cluster, before the first step that needs them. The only step with an administrator's
 * credentials, because nobody can give himself rights; the engine's own provider for Kubernetes comes too late, since on a
 * first bring-up there is no load balancer yet.
 */
export function giveRosterAccess(
  hosts: readonly Host[],
  args: RosterArgs & { kubeconfig: pulumi.Input<string> },
): command.remote.Command {
  const servers = withRole(hosts, "control-plane").map(({ address }) => `https://${address}:${ports.apiserver}`);
  return rosterCommand(
    {
      name: "roster-access",
      script: "access",
      node: "roster",
      deadline: accessSeconds,
      variables: { API_SERVERS: servers.join(" "), MANIFEST: renderRosterAccess() },
      stdin: pulumi.secret(args.kubeconfig),
    },
    args,
  );
}

/** Takes the pods off the Nodes of hosts that are no longer in the inventory. */
export function drainLeavingNodes(
  hosts: readonly Host[],
  config: ClusterConfig,
  args: MembershipArgs,
): command.remote.Command {
  const grace = config.drainGraceSeconds === undefined ? "" : String(config.drainGraceSeconds);
  return rosterCommand(
    {
      name: "evacuation",
      script: "evacuation",
      node: "evacuation",
      deadline: config.drainSeconds,
      variables: { OWNER: ownerOf(args.stack), GRACE: grace, GENERATION: String(args.generation) },
      stdin: renderRoster(hosts, args.machineIds),
    },
    args,
  );
}

/**
 * Ends the membership of hosts that are no longer in the inventory: lets them hand over what they hold, removes their etcd
 * members one at a time and deletes their Nodes. Like {@link drainLeavingNodes} it compares the whole roster with the live
 * cluster, so that a run that was killed is finished by the next.
 */
export function endMemberships(hosts: readonly Host[], args: MembershipArgs): command.remote.Command {
  return rosterCommand(
    {
      name: "roster",
      script: "roster",
      node: "roster",
      deadline: rosterSeconds,
      variables: {
        OWNER: ownerOf(args.stack),
        LOCAL: `https://127.0.0.1:${ports.etcdClient}`,
        GENERATION: String(args.generation),
      },
      stdin: renderRoster(hosts, args.machineIds),
      hooks: { beforeUpdate: [new pulumi.ResourceHook("hand-over", () => args.handOver())] },
    },
    args,
  );
}
