import { rosterScriptPath, type RosterStepName } from "./scripts.ts";
import { asRoot, shellQuote } from "./shell.ts";

/** One step of the roster, as a control-plane host runs it. */
export interface RosterText {
  script: RosterStepName;
  /** Name of the Node, or what messages speak of. */
  node: string;
  /** Seconds. */
  deadline: number;
  /** Further variables of the script. A preview shows them. */
  variables: Readonly<Record<string, string>>;
}

/**
 * The command of a step: its variables, and the script that the host has. The text changes with what the step is about
 * and not with the script, because a drain must not be run for that. What is secret, or grows with the number of hosts,
 * comes by standard input: a command is one argument of a shell, for which the kernel has a limit of 128 KiB.
 */
export function renderRosterText({ script, node, deadline, variables }: RosterText): string {
  const all = { NODE: node, DEADLINE: String(deadline), ...variables };
  const lines = Object.entries(all).map(([name, value]) => `  ${name}=${shellQuote(value)} \\`);
  return [`exec ${asRoot} env \\`, ...lines, `  ${rosterScriptPath(script)}`, ""].join("\n");
}

/**
 * A variable in the text of a command, where `'\''` stands for a quote: `  NAME='value' \`. Earlier releases wrote
 * `export NAME='value'`.
 */
const assignment = /^(?:export | {2})(\w+)='((?:[^']|'\\'')*)'(?: \\)?$/gm;

/** Lines of earlier releases' and this one's commands that are the same for every step. */
const frame =
  /^(?:exec .*env \\|exec \/usr\/local\/lib\/plinth\/roster\/\S+| {2}\/usr\/local\/lib\/plinth\/roster\/\S+)$/;

/** The variables of a command; what is left of its text is the variable `command`. */
export function parseRosterText(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(assignment)) {
    variables.set(name, value.replaceAll(`'\\''`, "'"));
  }
  const rest = text
    .replace(assignment, "")
    .split("\n")
    .filter((line) => line !== "" && !frame.test(line));
  if (rest.length > 0) variables.set("command", rest.join("\n"));
  return variables;
}

/** What the roster keeps, by name: members of etcd with their peer URLs, Nodes with their machine ids. */
export interface RosterEntries {
  members: Map<string, string>;
  nodes: Map<string, string>;
}

/** The standard input of the steps that end memberships; an unknown machine id is `-`. */
export function renderEntries({ members, nodes }: RosterEntries): string {
  return [
    ...[...members].map(([name, peerUrl]) => `member ${name} ${peerUrl}`),
    ...[...nodes].map(([name, machineId]) => `node ${name} ${machineId}`),
    "end",
    "",
  ].join("\n");
}

/** The entries in a text, whatever else is in it. */
export function parseEntries(text: string): RosterEntries {
  const entries: RosterEntries = { members: new Map(), nodes: new Map() };
  for (const line of text.split("\n")) {
    const [, kind, name, identity] = /^(member|node) (\S+) (\S+)$/.exec(line) ?? [];
    if (name === undefined || identity === undefined) continue;
    (kind === "member" ? entries.members : entries.nodes).set(name, identity);
  }
  return entries;
}
