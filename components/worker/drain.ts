import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { runtimeVersions } from "../../plan/roster.ts";
import { RosterCommand, type RosterArgs } from "../roster/command.ts";

export interface DrainArgs extends RosterArgs {
  /** Machine id of the host. */
  machineId: string;
}

/** Takes the pods off a Node before its runtime gets another version; nothing to do before there is a Node. */
export class Drain extends RosterCommand {
  constructor(host: Host, config: ClusterConfig, args: DrainArgs, opts: pulumi.ComponentResourceOptions) {
    const variables = {
      MACHINE_ID: args.machineId,
      RUNTIME: runtimeVersions(config),
      ...(config.drainGraceSeconds === undefined ? {} : { GRACE: String(config.drainGraceSeconds) }),
    };
    super(
      { name: `${host.name}-drain`, script: "drain", node: host.name, deadline: config.drainSeconds, variables },
      args,
      opts,
    );
  }
}
