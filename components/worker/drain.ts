import type * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { runtimeVersions } from "../../plan/roster.ts";
import { rosterCommand, type RosterArgs } from "../roster/command.ts";
import { tokenLine } from "./token.ts";

export interface DrainArgs extends RosterArgs {
  /** Machine id of the host. */
  machineId: string;
  /** See `RegistrationArgs.generation`: a host made anew joins anew. */
  generation: number;
  /** See `joinedAnewAt` in plan/rejoining.ts. */
  joinedAnew: number | undefined;
  /** Bootstrap token `id.secret`. */
  token: pulumi.Input<string>;
}

/** Takes the pods off a Node before its runtime gets another version; lets a host join that is no Node yet. */
export function drain(host: Host, config: ClusterConfig, args: DrainArgs): command.remote.Command {
  const variables = {
    MACHINE_ID: args.machineId,
    GENERATION: String(args.generation),
    RUNTIME: runtimeVersions(config),
    ...(args.joinedAnew === undefined ? {} : { JOINED_ANEW: String(args.joinedAnew) }),
    ...(config.drainGraceSeconds === undefined ? {} : { GRACE: String(config.drainGraceSeconds) }),
  };
  const step = { script: "drain", node: host.name, deadline: config.drainSeconds, variables } as const;
  return rosterCommand({ name: `${host.name}-drain`, ...step, stdin: tokenLine(args.token) }, args);
}
