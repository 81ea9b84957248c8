import type * as command from "@pulumi/command";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { runtimeVersions } from "../../plan/roster.ts";
import { rosterCommand, type RosterArgs } from "../roster/command.ts";

export interface DrainArgs extends RosterArgs {
  /** Machine id of the host. */
  machineId: string;
}

/** Takes the pods off a Node before its runtime gets another version; nothing to do before there is a Node. */
export function drain(host: Host, config: ClusterConfig, args: DrainArgs): command.remote.Command {
  const variables = {
    MACHINE_ID: args.machineId,
    RUNTIME: runtimeVersions(config),
    ...(config.drainGraceSeconds === undefined ? {} : { GRACE: String(config.drainGraceSeconds) }),
  };
  const step = { script: "drain", node: host.name, deadline: config.drainSeconds, variables } as const;
  return rosterCommand({ name: `${host.name}-drain`, ...step }, args);
}
