import { readFileSync } from "node:fs";
import path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../../ssh/index.ts";
import { connectionOf } from "../host/access.ts";

const scripts = path.join(import.meta.dirname, "../../scripts/roster");
const delimiter = "END_OF_PLINTH_TEXT";

/** What every step of the roster needs. */
export interface RosterArgs {
  /** How the control-plane host is reached on which the step runs. */
  survivor: SshTarget;
  /** Kubeconfig of the administrator. */
  kubeconfig: pulumi.Input<string>;
  /** What must have succeeded before. */
  after: readonly pulumi.Resource[];
}

export interface RosterStep {
  /** Part of the command's name, and the script in scripts/roster. */
  script: "drain" | "register";
  /** Name of the Node. */
  node: string;
  /** Seconds. */
  deadline: number;
  /** Further variables of the script. Text that a preview shows. */
  variables: Readonly<Record<string, string>>;
  /** Bootstrap token `id.secret`. */
  token?: pulumi.Input<string>;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The command of a step: variables, then the script, run by /bin/sh. Its standard input is free for credentials.
 *
 * @throws Error when the text holds the delimiter as a line.
 */
export function rosterCommand(step: RosterStep): string {
  const variables = { NODE: step.node, DEADLINE: String(step.deadline), ...step.variables };
  const text = ["common", step.script].map((name) => readFileSync(path.join(scripts, `${name}.sh`), "utf8"));
  const lines = [...Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`), ...text].join("\n");
  if (lines.split("\n").includes(delimiter)) throw new Error(`the script must not hold the line ${delimiter}`);
  return `script=$(cat <<'${delimiter}'\n${lines}\n${delimiter}\n)\nexec /bin/sh -c "$script"\n`;
}

/**
 * One step of the roster for one Node, run on a control-plane host with the administrator's credentials, which come by
 * standard input and stay in memory there.
 */
export class RosterCommand extends pulumi.ComponentResource {
  readonly command: command.remote.Command;

  constructor(step: RosterStep, args: RosterArgs, opts: pulumi.ComponentResourceOptions) {
    const name = `${step.node}-${step.script}`;
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
      { parent: this, dependsOn: [...args.after], hideDiffs: ["stdin", "connection"] },
    );
    this.registerOutputs({});
  }
}
