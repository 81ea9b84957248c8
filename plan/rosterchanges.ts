import { unifiedDiff } from "./bundlechanges.ts";
import { parseEntries, parseRosterText } from "./rostertext.ts";

/** The entries of one kind, members or Nodes, that differ between two rosters. Names. */
export interface ChangedEntries {
  joining: string[];
  leaving: string[];
  /** The name stays and stands for another machine, or another address, from now on. */
  replaced: string[];
}

/** Difference between what a roster's command was given and what it is to be given. */
export interface RosterChanges {
  /** etcd members, by peer URL. */
  members: ChangedEntries;
  /** Nodes, by machine id. */
  nodes: ChangedEntries;
  /** What else the command is given: variable → unified diff. */
  variables: { name: string; diff: string[] }[];
  /** All is the same: the command runs on another control-plane host from now on, and there is nothing to do. */
  moved: boolean;
}

function compareEntries(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ChangedEntries {
  return {
    joining: [...after.keys()].filter((name) => !before.has(name)),
    leaving: [...before.keys()].filter((name) => !after.has(name)),
    replaced: [...after.keys()].filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}

/** What a command of the roster is given. */
export interface RosterInputs {
  text: string;
  /** What comes by standard input; empty where it is a secret, or nothing. */
  stdin: string;
}

/** Earlier releases had the entries in the variable ROSTER. */
function read({ text, stdin }: RosterInputs) {
  const { ROSTER = "", ...variables } = Object.fromEntries(parseRosterText(text));
  return { variables, entries: parseEntries(`${ROSTER}\n${stdin}`) };
}

const nothing: RosterInputs = { text: "", stdin: "" };

/** Compares what a command of the roster is given. `before` is undefined for one that is new. */
export function compareRosters(before: RosterInputs | undefined, after: RosterInputs): RosterChanges {
  const [was, is] = [read(before ?? nothing), read(after)];
  const names = new Set([...Object.keys(is.variables), ...Object.keys(was.variables)]);
  const lines = (value: string | undefined): string => (value === undefined || value === "" ? "" : `${value}\n`);
  const variables = [...names]
    .map((name) => ({ name, diff: unifiedDiff(lines(was.variables[name]), lines(is.variables[name])) }))
    .filter(({ diff }) => diff.length > 0);
  return {
    members: compareEntries(was.entries.members, is.entries.members),
    nodes: compareEntries(was.entries.nodes, is.entries.nodes),
    variables,
    moved: before !== undefined && before.text === after.text && before.stdin === after.stdin,
  };
}
