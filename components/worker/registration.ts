import type * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import { isServedByCluster } from "../../plan/bundles/kubelet.ts";
import { balancedAgain } from "../../plan/bundles/serviceports.ts";
import type { Host } from "../../plan/inventory.ts";
import { renderNodeManifest, renderTaints, runtimeVersions } from "../../plan/roster.ts";
import { rosterCommand, type RosterArgs } from "../roster/command.ts";
import { tokenLine } from "./token.ts";

/** Seconds until a Node must be ready: the sandbox image may have to be pulled first. */
const readySeconds = 240;

export interface RegistrationArgs extends RosterArgs {
  /** Machine id of the host. */
  machineId: string;
  /** See `bundleGeneration` in plan/facts.ts, of the host's bundle `node`: a host made anew registers anew. */
  generation: number;
  /** See `joinedAnewAt` in plan/rejoining.ts. */
  joinedAnew: number | undefined;
  /** The stack that answers for the Node. */
  stack: string;
  /** Bootstrap token `id.secret`. */
  token: pulumi.Input<string>;
}

/**
 * One Node of the roster: lets the host join, and declares the labels, annotations and taints of its Node. Those of others
 * stay; a label that somebody else has taken over is an error and not overwritten.
 */
export function register(host: Host, config: ClusterConfig, args: RegistrationArgs): command.remote.Command {
  const balanced = balancedAgain(host, config);
  const variables = {
    MACHINE_ID: args.machineId,
    GENERATION: String(args.generation),
    // A drain for another version is taken back by this.
    RUNTIME: runtimeVersions(config),
    READINESS: config.network === "none" ? "reported" : "required",
    TAINTS: renderTaints(host),
    MANIFEST: renderNodeManifest(host, args.stack),
    ...(isServedByCluster(config) ? { ADDRESS: host.address } : {}),
    ...(args.joinedAnew === undefined ? {} : { JOINED_ANEW: String(args.joinedAnew), HOST_ADDRESS: host.address }),
    ...(balanced === undefined ? {} : { BALANCED: balanced }),
  };
  const step = { script: "register", node: host.name, deadline: readySeconds, variables } as const;
  return rosterCommand({ name: `${host.name}-register`, ...step, stdin: tokenLine(args.token) }, args);
}
