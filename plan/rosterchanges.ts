import { unifiedDiff } from "./bundlechanges.ts";

/** Members or Nodes that a change of the roster concerns. */
export interface MembershipChange {
  joining: string[];
  leaving: string[];
  /** The name stays and stands for another machine, or another address, from now on. */
  replaced: string[];
}

/** Difference between two texts of a roster's command. */
export interface RosterChanges {
  /** etcd members, from the lines `member NAME PEER_URL`. */
  members: MembershipChange;
  /** Nodes, from the lines `node NAME MACHINE_ID`. */
  nodes: MembershipChange;
  /** What else the command is given: variable → unified diff. */
  variables: { name: string; diff: string[] }[];
  /** The texts are the same: the command runs on another control-plane host from now on, and there is nothing to do. */
  moved: boolean;
}

const directives = /^(?:export \w+=')?(member|node) (\S+) ([^\s']+)'?$/;

function entriesOf(text: string, directive: "member" | "node"): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, kind, name, identity] = directives.exec(line) ?? [];
    if (kind === directive && name !== undefined && identity !== undefined) entries.set(name, identity);
  }
  return entries;
}

function compareEntries(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): MembershipChange {
  return {
    joining: [...after.keys()].filter((name) => !before.has(name)),
    leaving: [...before.keys()].filter((name) => !after.has(name)),
    replaced: [...after.keys()].filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}

/** `export NAME='value'`, where `'\''` stands for a quote. */
const assignment = /^export (\w+)='((?:[^']|'\\'')*)'$/gm;

/** The variables of a command; what is left of its text is the variable `command`. */
function variablesOf(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(assignment)) {
    variables.set(name, value.replaceAll(`'\\''`, "'"));
  }
  const rest = text
    .replace(assignment, "")
    .split("\n")
    .filter((line) => line !== "");
  if (rest.length > 0) variables.set("command", rest.join("\n"));
  return variables;
}

function withoutEntries(text: string): string {
  const lines = text.split("\n").filter((line) => !directives.test(line));
  return lines.length === 0 || lines.join("") === "" ? "" : `${lines.join("\n").replace(/\n$/, "")}\n`;
}

/** Compares the texts of a command of the roster. `before` is undefined for one that is new. */
export function compareRosters(before: string | undefined, after: string): RosterChanges {
  const old = before ?? "";
  const [was, is] = [variablesOf(old), variablesOf(after)];
  const variables = [...new Set([...is.keys(), ...was.keys()])]
    .map((name) => ({
      name,
      diff: unifiedDiff(withoutEntries(was.get(name) ?? ""), withoutEntries(is.get(name) ?? "")),
    }))
    .filter(({ diff }) => diff.length > 0);
  return {
    members: compareEntries(entriesOf(old, "member"), entriesOf(after, "member")),
    nodes: compareEntries(entriesOf(old, "node"), entriesOf(after, "node")),
    variables,
    moved: before === after,
  };
}
