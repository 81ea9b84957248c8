import { isDeepStrictEqual } from "node:util";
import { isNode } from "../inventory.ts";
import type { Imported, ImportedHost } from "./imported.ts";
import { joined, left, shortly, type Outcome } from "./outcome.ts";
import { whyWithheld, withheldIn, type Value } from "./values.ts";

/** What rules may look at besides the value. */
export interface Scope {
  hosts: readonly ImportedHost[];
  /** Whether a variable is set for any host. */
  isSet: (name: string) => boolean;
  valueOf: Imported["valueOf"];
}

/** How a variable is taken over. */
export interface Rule {
  /** Names of the variable, over the years. */
  names: readonly string[];
  /**
   * `stack`: once for the cluster. `nodes`: for the cluster what more than half of the Nodes have, where all have a value; else, and of
   * other hosts what differs, as settings of the hosts.
   * `host`: a property of each host.
   */
  scope: "stack" | "nodes" | "host";
  take: (value: Value, scope: Scope) => Outcome;
}

/** A rule for a variable of the whole cluster. */
export const forStack = (names: string | readonly string[], take: Rule["take"]): Rule => ({
  names: [names].flat(),
  scope: "stack",
  take,
});
/** A rule for settings that hosts can have for themselves. */
export const forNodes = (names: string | readonly string[], take: Rule["take"]): Rule => ({
  names: [names].flat(),
  scope: "nodes",
  take,
});

/** Applies rules to the variables of an import; what they are not for is left to others. */
export function applyRules(rules: readonly Rule[], imported: Imported): void {
  const byName = new Map(rules.flatMap((rule) => rule.names.map((name) => [name, rule] as const)));
  const scope = scopeOf(imported);
  for (const name of imported.variableNames()) {
    const rule = byName.get(name);
    if (rule !== undefined) applyRule(rule, name, imported, scope);
  }
}

const scopeOf = ({ hosts, valueOf }: Imported): Scope => ({
  hosts,
  isSet: (name) => valueOf(name) !== undefined,
  valueOf,
});

const isControlPlane = ({ roles }: ImportedHost): boolean => roles.includes("control-plane");

interface Given {
  host: ImportedHost;
  value: Value;
  where: string;
}

function applyRule(rule: Rule, name: string, imported: Imported, scope: Scope): void {
  const everyone: Given[] = imported.hosts.flatMap((host) => {
    const assigned = host.variables.get(name);
    return assigned === undefined ? [] : [{ host, value: assigned.value, where: assigned.where }];
  });
  const withheld = everyone.flatMap(({ value }) => withheldIn(value) ?? []);
  const given = everyone.filter(({ value }) => withheldIn(value) === undefined);
  imported.seen(name);
  const [first] = [...new Set(withheld)];
  if (first !== undefined) imported.add({ ...left(whyWithheld[first]), what: name, where: imported.placesOf(name) });
  if (given.length === 0) return;
  if (rule.scope === "stack") applyToStack(rule, name, given, imported, scope);
  else if (
    rule.scope === "nodes" &&
    imported.hosts.filter(isNode).every((node) => given.some(({ host }) => host === node))
  ) {
    const most = majority(given.filter(({ host }) => isNode(host)));
    const rest = given.filter(({ value }) => !isDeepStrictEqual(value, most[0]?.value));
    if (most.length > 0) applyToStack(rule, name, most, imported, scope);
    if (rest.length > 0) applyToHosts(rule, name, rest, imported, scope);
  } else applyToHosts(rule, name, given, imported, scope);
}

/** Those that more than half agree with; none where there are no such. */
function majority(given: readonly Given[]): Given[] {
  const groups = [...Map.groupBy(given, ({ value }) => JSON.stringify(value)).values()];
  return groups.find((group) => group.length * 2 > given.length) ?? [];
}

const isSame = (given: readonly Given[]): boolean =>
  given.every(({ value }) => isDeepStrictEqual(value, given[0]?.value));

function applyToStack(rule: Rule, name: string, given: readonly Given[], imported: Imported, scope: Scope): void {
  const chosen = given.find(({ host }) => isControlPlane(host)) ?? given[0];
  if (chosen === undefined) return;
  const outcome = rule.take(chosen.value, scope);
  imported.configure(outcome.config);
  const differs = isSame(given)
    ? undefined
    : `hosts differ in it, and the cluster has it once: this is what ${chosen.host.name} has`;
  const verdict = differs !== undefined && outcome.verdict === "taken" ? "changed" : outcome.verdict;
  const why = [outcome.why, differs ?? ""].filter((text) => text !== "").join("; ");
  imported.add({ ...outcome, verdict, why, what: name, where: imported.placesOf(name) });
}

function applyToHosts(rule: Rule, name: string, given: readonly Given[], imported: Imported, scope: Scope): void {
  const outcomes = given.map(({ host, value, where }) => ({ host, where, outcome: rule.take(value, scope) }));
  for (const { host, outcome } of outcomes) {
    if (outcome.host !== undefined) host.line = joined(host.line, outcome.host);
    if (outcome.config !== undefined) host.line = joined(host.line, { settings: outcome.config });
  }
  const alike = Map.groupBy(outcomes, ({ outcome: { verdict, becomes, why } }) =>
    JSON.stringify([verdict, becomes, why]),
  );
  for (const group of alike.values()) {
    const [{ outcome } = { outcome: left("") }] = group;
    const becomes = outcome.config === undefined ? outcome.becomes : outcome.becomes.replaceAll("plinth:", "settings.");
    const where = [...new Set(group.map((one) => one.where))];
    imported.add({ ...outcome, becomes, what: name, where: shortly(where) });
  }
}
