import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { renderRosterText, type RosterText } from "../../plan/rostertext.ts";
import type { SshTarget } from "../../ssh/index.ts";
import { connectionOf } from "../host/access.ts";
import { frozenInputs } from "../host/frozen.ts";
import { heldUntil, type HeldOptions } from "../order.ts";
import { formerParent } from "../former.ts";

/** What every step of the roster needs. */
export interface RosterArgs {
  /** True for a host that cannot be reached: the command stays what it was. */
  frozen?: boolean;
  /** Of the cluster, see plan/outputs.ts. */
  incarnation: number;
  /** How the control-plane host is reached on which the step runs. */
  rosterHost: SshTarget;
  /** What must have succeeded before. */
  after: readonly pulumi.Resource[];
  parent: pulumi.Resource;
  /** The claim of the host that the step is about, which is given back after everything else of the host. */
  claim?: pulumi.Resource;
}

export interface RosterStep extends RosterText {
  /** Name of the command. */
  name: string;
  /** What the script reads. Default: nothing. A secret is marked as one by the caller. */
  stdin?: pulumi.Input<string>;
  hooks?: pulumi.ResourceHookBinding;
}

/** One step of the roster, run on a control-plane host with the credentials that lie there. */
export function rosterCommand(step: RosterStep, args: RosterArgs): command.remote.Command {
  // Of clusters that were never started anew the text stays what it was.
  const variables = args.incarnation === 0 ? {} : { INCARNATION: String(args.incarnation) };
  const options: pulumi.CustomResourceOptions & HeldOptions = {
    parent: args.parent,
    aliases: formerParent(args.parent, "plinth:worker:RosterCommand", step.name),
    heldBy: args.after,
    ...(args.claim === undefined ? {} : { dependsOn: args.claim }),
    hideDiffs: ["stdin", "connection"],
    ...frozenInputs(args.frozen),
    ...(step.hooks === undefined ? {} : { hooks: step.hooks }),
  };
  return new command.remote.Command(
    step.name,
    {
      connection: connectionOf(args.rosterHost),
      create: heldUntil(args.after, renderRosterText({ ...step, variables: { ...step.variables, ...variables } })),
      ...(step.stdin === undefined ? {} : { stdin: step.stdin }),
      addPreviousOutputInEnv: false,
      logging: command.remote.Logging.None,
    },
    options,
  );
}
