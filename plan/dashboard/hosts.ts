import type { RunState, RunStep } from "../runs/progress.ts";
import type { ProbeSeen, StatusDocument } from "./document.ts";

/** What becomes of a host, the worst first. */
export const hostStates = ["down", "problem", "changing", "warning", "ok"] as const;
export type HostState = (typeof hostStates)[number];

/** A host as the page shows it. */
export interface HostView {
  name: string;
  address: string;
  roles: readonly string[];
  state: HostState;
  /** Why it is not `ok`, a sentence each. */
  problems: readonly string[];
  warnings: readonly string[];
  /** What it has that one host alone has: `VIP 192.0.2.10`, `leader of etcd`. */
  marks: readonly string[];
  /** What a run is doing there. */
  changing: readonly string[];
  /** What it looks like, where it answers. */
  probe?: ProbeSeen;
}

export interface Rack {
  /** Empty where the inventory says nothing of racks. */
  name: string;
  hosts: readonly HostView[];
}

export interface Site {
  /** `REGION/ZONE`, or what of it the inventory says. */
  name: string;
  racks: readonly Rack[];
  /** Number of hosts in each state. */
  counts: Readonly<Record<HostState, number>>;
}

function sentences(of: readonly { host?: string; message: string }[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { host, message } of of) {
    if (host === undefined) continue;
    const known = grouped.get(host);
    if (known === undefined) grouped.set(host, [message]);
    else known.push(message);
  }
  return grouped;
}

/** What exactly one host has, by host. */
function marksOf({ vips, leaders, hosts }: StatusDocument): Map<string, string[]> {
  const marks = new Map<string, string[]>();
  const mark = (host: string, text: string): void => {
    marks.set(host, [...(marks.get(host) ?? []), text]);
  };
  for (const { address, holders } of vips) for (const host of holders) mark(host, `VIP ${address}`);
  for (const [host, reading] of Object.entries(hosts)) {
    const etcd = "probe" in reading ? reading.probe.etcd : undefined;
    if (etcd !== undefined && etcd.leaderId === etcd.memberId) mark(host, "leader of etcd");
  }
  for (const { lease, holder } of leaders) if (holder !== undefined) mark(holder, `leader of ${lease}`);
  return marks;
}

/** Changes under way, by host. */
export function changesUnderWay(run: RunState | undefined): Map<string, RunStep[]> {
  const steps = (run?.steps ?? []).filter(({ ended }) => ended === undefined);
  return Map.groupBy(
    steps.filter((step): step is RunStep & { host: string } => step.host !== undefined),
    ({ host }) => host,
  );
}

/**
 * The hosts of the inventory, in its order.
 *
 * @param run that goes on now.
 */
export function hostViews(document: StatusDocument, run?: RunState): HostView[] {
  const problems = sentences(document.problems);
  const warnings = sentences(document.warnings);
  const marks = marksOf(document);
  const changes = changesUnderWay(run);
  return Object.entries(document.inventory).map(([name, { address, roles, projectRoles }]) => {
    const reading = document.hosts[name];
    const changing = (changes.get(name) ?? []).map(({ what }) => what);
    const known = {
      ...{ name, address, roles: [...roles, ...projectRoles], marks: marks.get(name) ?? [], changing },
      ...{ problems: problems.get(name) ?? [], warnings: warnings.get(name) ?? [] },
    };
    const probe = reading !== undefined && "probe" in reading ? reading.probe : undefined;
    const state = stateOf(known, probe !== undefined);
    return probe === undefined ? { ...known, state } : { ...known, state, probe };
  });
}

function stateOf(host: Pick<HostView, "problems" | "warnings" | "changing">, answers: boolean): HostState {
  // What a run takes down for a moment is as somebody wants it.
  if (host.changing.length > 0) return "changing";
  if (!answers) return "down";
  if (host.problems.length > 0) return "problem";
  return host.warnings.length > 0 ? "warning" : "ok";
}

/** By site and rack, each in the order of the inventory. */
export function sitesOf({ inventory }: Pick<StatusDocument, "inventory">, hosts: readonly HostView[]): Site[] {
  const placeOf = ({ name }: HostView): { site: string; rack: string } => {
    const { region, zone, rack = "" } = inventory[name] ?? {};
    return { site: [region, zone].filter((part) => part !== undefined).join("/"), rack };
  };
  return [...Map.groupBy(hosts, (host) => placeOf(host).site)].map(([name, its]) => ({
    name,
    racks: [...Map.groupBy(its, (host) => placeOf(host).rack)].map(([rack, inIt]) => ({ name: rack, hosts: inIt })),
    counts: countStates(its),
  }));
}

export function countStates(hosts: readonly Pick<HostView, "state">[]): Record<HostState, number> {
  const counts = { down: 0, problem: 0, changing: 0, warning: 0, ok: 0 };
  for (const { state } of hosts) counts[state] += 1;
  return counts;
}
