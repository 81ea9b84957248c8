import type { HostGlance } from "./hostlook.ts";

/** What is known of the cluster at one time during the load. */
export interface Glance {
  /** Seconds since the load began; below 0 before. */
  at: number;
  /** Node → whether it is ready; undefined: nobody knows. */
  nodes: ReadonlyMap<string, boolean | undefined> | { error: string };
  hosts: ReadonlyMap<string, HostGlance | { error: string }>;
}

/** Something that was another way than at the look before. */
export interface Change {
  /** Seconds since the load began, of the look that saw it. */
  at: number;
  about: "node" | "unit" | "vip" | "host" | "api";
  /** A sentence. */
  what: string;
}

/** What has changed from one look to the next, in their order. */
export function changesOf(glances: readonly Glance[]): Change[] {
  const known = new Map<string, HostGlance>();
  const changes: Change[] = [];
  let nodes: ReadonlyMap<string, boolean | undefined> | undefined;
  let holders: ReadonlyMap<string, string> | undefined;
  const mute = new Set<string>();
  let apiSilent = false;
  for (const glance of glances) {
    const say = (about: Change["about"], what: string): void => {
      changes.push({ at: glance.at, about, what });
    };
    if ("error" in glance.nodes) {
      if (!apiSilent) say("api", `the Nodes cannot be listed: ${glance.nodes.error}`);
      apiSilent = true;
    } else {
      if (apiSilent) say("api", "the Nodes can be listed again");
      apiSilent = false;
      for (const what of nodeChanges(nodes ?? glance.nodes, glance.nodes)) say("node", what);
      nodes = glance.nodes;
    }
    const silent = new Set<string>();
    for (const [host, now] of glance.hosts) {
      if ("error" in now) {
        silent.add(host);
        if (!mute.has(host)) say("host", `${host} cannot be looked at: ${now.error}`);
        mute.add(host);
        continue;
      }
      if (mute.delete(host)) say("host", `${host} answers again`);
      const before = known.get(host);
      if (before !== undefined) for (const [about, what] of hostChanges(host, before, now)) say(about, what);
      known.set(host, now);
    }
    const next = holdersOf(glance.hosts);
    if (next.size > 0 || silent.size === 0) {
      for (const what of vipChanges(holders ?? next, next, silent)) say("vip", what);
      holders = new Map([...(holders ?? []), ...next]);
    }
  }
  return changes;
}

const readiness = (ready: boolean | undefined): string =>
  ready === undefined ? "has not been heard of" : ready ? "is ready" : "is not ready";

function nodeChanges(
  before: ReadonlyMap<string, boolean | undefined>,
  now: ReadonlyMap<string, boolean | undefined>,
): string[] {
  return [
    ...[...now].flatMap(([name, ready]) => {
      if (!before.has(name)) return [`the Node ${name} is new`];
      return before.get(name) === ready ? [] : [`the Node ${name} ${readiness(ready)}`];
    }),
    ...[...before.keys()].filter((name) => !now.has(name)).map((name) => `the Node ${name} is gone`),
  ];
}

function hostChanges(host: string, before: HostGlance, now: HostGlance): [Change["about"], string][] {
  if (now.uptime < before.uptime) return [["host", `${host} was started anew`]];
  return Object.entries(now.units).flatMap(([unit, { active, invocation, restarts }]): [Change["about"], string][] => {
    const then = before.units[unit];
    if (then === undefined) return [];
    const fallen = restarts > then.restarts ? ", by systemd, because it had ended" : "";
    return [
      ...(invocation !== then.invocation && invocation !== ""
        ? [["unit", `${unit} on ${host} was started anew${fallen}`] as [Change["about"], string]]
        : []),
      ...(active === then.active ? [] : [["unit", `${unit} on ${host} is ${active}`] as [Change["about"], string]]),
    ];
  });
}

/** Virtual IP → hosts that have it, with commas between them. */
export function holdersOf(hosts: Glance["hosts"]): Map<string, string> {
  const holders = new Map<string, string>();
  for (const [host, glance] of hosts) {
    for (const vip of "error" in glance ? [] : glance.vips) {
      holders.set(vip, holders.has(vip) ? `${holders.get(vip) ?? ""}, ${host}` : host);
    }
  }
  return holders;
}

function vipChanges(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
  silent: ReadonlySet<string>,
): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((vip) => {
    const [then, held] = [before.get(vip), now.get(vip)];
    if (held === then) return [];
    // Whoever has it may be the host that does not answer.
    if (held === undefined) return silent.size > 0 ? [] : [`nobody has ${vip}`];
    return [`${held} has ${vip}${then === undefined ? "" : `, before it was ${then}`}`];
  });
}

/** What HAProxy or keepalived said, on the load's own clock. */
export interface BalancerEvent {
  at: number;
  host: string;
  text: string;
}

/**
 * What balancers said while the load ran.
 *
 * @param first what the first look told of each host, and when it was: clocks of hosts may differ.
 * @param last the last look, with the events since then.
 */
export function balancerEvents(first: Pick<Glance, "at" | "hosts">, last: Pick<Glance, "hosts">): BalancerEvent[] {
  return [...last.hosts]
    .flatMap(([host, glance]): BalancerEvent[] => {
      const begin = first.hosts.get(host);
      if ("error" in glance || begin === undefined || "error" in begin) return [];
      return glance.events.map(({ at, text }) => ({
        at: Math.round((at - begin.clock + first.at) * 10) / 10,
        ...{ host, text },
      }));
    })
    .toSorted((a, b) => a.at - b.at);
}
