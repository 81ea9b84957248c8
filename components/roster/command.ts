import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { rosterScriptPath, type RosterStepName } from "../../plan/bundles/rosterscripts.ts";
import type { SshTarget } from "../../ssh/index.ts";
import { connectionOf } from "../host/access.ts";
import { frozenInputs } from "../host/frozen.ts";

/** What every step of the roster needs. */
export interface RosterArgs {
  /** True for a host that cannot be reached: the command stays what it was. */
  frozen?: boolean;
  /** How the control-plane host is reached on which the step runs. */
  survivor: SshTarget;
  /** Kubeconfig of the administrator. */
  kubeconfig: pulumi.Input<string>;
  /** What must have succeeded before. */
  after: readonly pulumi.Resource[];
}

export interface RosterStep {
  /** Name of the command. */
  name: string;
  script: RosterStepName;
  /** Name of the Node, or what messages speak of. */
  node: string;
  /** Seconds. */
  deadline: number;
  /** Further variables of the script. Text that a preview shows. */
  variables: Readonly<Record<string, string>>;
  /** Bootstrap token `id.secret`. */
  token?: pulumi.Input<string>;
  hooks?: pulumi.ResourceHookBinding;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The command of a step: its variables, and the script that the host has. Standard input is left to credentials. The text
 * changes with what the step is about and not with the script, because a drain must not be run for that.
 */
export function rosterCommand(step: Omit<RosterStep, "name" | "hooks" | "token">): string {
  const variables = { NODE: step.node, DEADLINE: String(step.deadline), ...step.variables };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [...lines, `exec ${rosterScriptPath(step.script)}`, ""].join("\n");
}

/**
 * One step of the roster for one Node, run on a control-plane host with the administrator's credentials, which come by
 * standard input and stay in memory there.
 */
export class RosterCommand extends pulumi.ComponentResource {
  readonly command: command.remote.Command;

  constructor(step: RosterStep, args: RosterArgs, opts: pulumi.ComponentResourceOptions) {
    const { name } = step;
    super("plinth:worker:RosterCommand", name, {}, opts);
    this.command = new command.remote.Command(
      name,
      {
        connection: connectionOf(args.survivor),
        create: rosterCommand(step),
        stdin: pulumi.secret(pulumi.interpolate`token ${step.token ?? "-"}\n${args.kubeconfig}`),
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.None,
      },
      {
        parent: this,
        dependsOn: [...args.after],
        hideDiffs: ["stdin", "connection"],
        ...frozenInputs(args.frozen),
        ...(step.hooks === undefined ? {} : { hooks: step.hooks }),
      },
    );
    this.registerOutputs({});
  }
}
