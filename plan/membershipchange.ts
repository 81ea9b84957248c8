import type { HostReading } from "./facts.ts";
import { isMachine, isNode, type Host } from "./inventory.ts";
import { nodeBundle } from "./names.ts";
import { unreadable, type LeftOut } from "./leftout.ts";
import { isAt, peerUrlOf, type LiveCluster, type RankedHost } from "./livecluster.ts";
import type { LeavingHost } from "./membership.ts";
import type { Tombstone } from "./outputs.ts";
import type { PreviousRun } from "./previousrun.ts";
import type { RunRequests } from "./requests.ts";
import { isBootstrapped, nodesInService } from "./waves.ts";

/** What a change of who belongs to the cluster is told by. */
export interface ChangeSources {
  hosts: readonly Host[];
  leaving: readonly LeavingHost[];
  /** Those by which Nodes join and leave, of the inventory or of another stack's. */
  controlPlane: readonly RankedHost[];
  /** Of the inventory, and of hosts that leave. */
  readings: ReadonlyMap<string, HostReading>;
  live: LiveCluster;
  previous: PreviousRun | undefined;
  requests: RunRequests;
  /** See `rejoiningHosts` in plan/rejoining.ts. */
  rejoining: ReadonlySet<string>;
}

/** What a run changes about who belongs to the cluster. */
export interface MembershipChange {
  /** Hosts that leave, are alive and may hold a VIP, a lease or connections of clients. Workers hold nothing of that. */
  handingOver: ReadonlySet<string>;
  /** With what earlier runs were asked, and still holds. */
  requests: RunRequests;
  tombstones: Record<string, Tombstone>;
  /** Hosts that leave count: a cluster whose members all leave at once has been brought up all the same. Of machines alone: whether one serves. */
  bootstrapped: boolean;
  /** Hosts of a cluster in service that the run leaves as they are. */
  leftOut: LeftOut;
  /** Of the roster: raised to make it good although nothing about it has changed. */
  rosterGeneration: number;
  /** What is applied again although nothing about it has changed: `HOST/BUNDLE`, or `HOST/claim`. */
  heal: ReadonlySet<string>;
  /** Hosts in service whose Node is gone, or was made anew by their kubelet: they are registered again. */
  unregistered: readonly string[];
}

/**
 * Hosts with everything of a Node, and no Node, or one that lacks the label that every registered one has: somebody has deleted
 * it. A host that a killed run was about to let join is registered by the next run anyway.
 */
function unregisteredHosts({ hosts, readings, live, previous }: ChangeSources): string[] {
  const { nodes } = live;
  if (nodes === undefined) return [];
  return hosts
    .filter(isNode)
    .map(({ name }) => name)
    .filter((name) => {
      const reading = readings.get(name);
      const before = previous?.hosts[name];
      if (reading === undefined || !("facts" in reading) || before === undefined || before.joining === true)
        return false;
      const node = nodes.find((one) => one.name === name);
      return reading.facts.bundles[nodeBundle]?.state === "complete" && node?.owner === undefined;
    });
}

/** Says that a host is registered again. */
export function unregisteredWarning(name: string): string {
  return `${name}: the cluster has no Node of this host any more as it was registered; it is registered again, and pods of the old Node are ended`;
}

export function membershipChange(sources: ChangeSources): MembershipChange {
  const { hosts, leaving, controlPlane, readings, live, previous, requests } = sources;
  const inventory = new Set(hosts.map(({ name }) => name));
  const lostBefore = Object.fromEntries(Object.entries(previous?.lost ?? {}).filter(([name]) => !inventory.has(name)));
  const lost = new Set([...requests.lost, ...Object.keys(lostBefore)]);
  const ranked = [...hosts, ...leaving.filter(({ recorded }) => recorded), ...controlPlane];
  const bootstrapped = ranked.every(isMachine)
    ? nodesInService(hosts, readings).size > 0
    : isBootstrapped(ranked, readings);
  const answers = (name: string): boolean => "facts" in (readings.get(name) ?? {});
  // A run that took them for leaving was killed, and the inventory has them again: nothing about the roster has changed then.
  const stayAfterAll = (live.nodes ?? []).some(({ name, leaving: mark }) => inventory.has(name) && mark !== undefined);
  const isInCluster = (name: string): boolean => {
    const peers = new Set(leaving.filter((host) => host.name === name).map(peerUrlOf));
    const isMember = (live.members ?? []).some((member) => isAt(member, peers));
    return isMember || (live.nodes ?? []).some((node) => node.name === name);
  };
  // The roster in the state does not know of hosts either that a killed run has let join.
  const joinedUnknown = leaving.filter(({ name }) => previous?.hosts[name]?.joining === true && isInCluster(name));
  const unregistered = unregisteredHosts(sources).filter((name) => !requests.replace.includes(name));
  const repeatRoster = stayAfterAll || joinedUnknown.length > 0 || requests.heal.includes("roster");
  return {
    handingOver: new Set(
      leaving
        .filter(({ name, roles }) => answers(name) && !lost.has(name) && roles.some((role) => role !== "worker"))
        .map(({ name }) => name),
    ),
    requests: { ...requests, lost: [...lost] },
    tombstones: {
      ...lostBefore,
      ...Object.fromEntries(
        leaving
          .filter(({ name }) => requests.lost.includes(name))
          .map(({ name, address, roles }) => [name, { address, roles: [...roles] }]),
      ),
    },
    bootstrapped,
    leftOut: unreadable(hosts, readings, previous, bootstrapped),
    // A run that had drained them was killed. What it was for may have been given up: then nothing else brings them back.
    heal: new Set([
      ...requests.heal,
      ...(live.nodes ?? []).flatMap(({ name, drained }) =>
        inventory.has(name) && drained !== undefined ? [`${name}/${nodeBundle}`] : [],
      ),
      ...[...unregistered, ...sources.rejoining].map((name) => `${name}/${nodeBundle}`),
    ]),
    unregistered,
    rosterGeneration: (previous?.rosterGeneration ?? 0) + (repeatRoster ? 1 : 0),
  };
}
