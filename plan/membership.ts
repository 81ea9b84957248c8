import type { HostReading } from "./facts.ts";
import { withRole, type Host, type Role } from "./inventory.ts";
import { addressOf, isAt, memberLabel, peerUrlOf, type LiveCluster, type LiveMember } from "./livecluster.ts";
import type { PreviousHost } from "./outputs.ts";
import { ownerOf } from "./roster.ts";

/** What the next run needs to know of a host of this one. */
export function rememberedHost(host: Host, machineId: string | undefined): PreviousHost {
  return {
    address: host.address,
    roles: [...host.roles],
    ...(machineId === undefined ? {} : { machineId }),
    ...(host.sshAddress === undefined ? {} : { sshAddress: host.sshAddress }),
    ...(host.bastion === undefined ? {} : { bastion: host.bastion }),
    ...(host.user === undefined ? {} : { user: host.user }),
    ...(host.port === undefined ? {} : { port: host.port }),
    ...(host.hostKey === undefined ? {} : { hostKey: host.hostKey }),
  };
}

/** Machine ids as the hosts say them, and for hosts that cannot be reached as they said before. */
export function machineIdsOf(
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  previous: { readonly hosts: Readonly<Record<string, PreviousHost>> } | undefined,
): Record<string, string> {
  return Object.fromEntries(
    hosts.flatMap(({ name }) => {
      const reading = readings.get(name);
      const id =
        reading !== undefined && "facts" in reading ? reading.facts.machineId : previous?.hosts[name]?.machineId;
      return id === undefined ? [] : [[name, id]];
    }),
  );
}

/** A host that serves the cluster and is not in the inventory any more. */
export interface LeavingHost {
  /** Whether a run has left word of it. Of others, the cluster alone tells: its word is no address to log in to. */
  recorded: boolean;
  name: string;
  address: string;
  roles: readonly Role[];
  sshAddress?: string;
  bastion?: readonly string[];
  user?: string;
  port?: number;
  hostKey?: string;
}

/**
 * The hosts that leave: those of the last run that are no longer in the inventory, and members and Nodes of ours that the
 * live cluster still has. The latter, because a run that was killed may have written its outputs before its work was done.
 */
export function leavingHosts(
  hosts: readonly Host[],
  previous: Readonly<Record<string, PreviousHost>> | undefined,
  live: LiveCluster,
  stack: string,
): LeavingHost[] {
  const found = new Map<string, LeavingHost>();
  const stays = new Set(hosts.map(({ name }) => name));
  const roleOf = (name: string, address: string, ...roles: readonly string[]): void => {
    if (stays.has(name) || name === "") return;
    const known = found.get(name) ?? { name, address, roles: [], recorded: false };
    found.set(name, { ...known, roles: [...new Set([...known.roles, ...(roles as Role[])])] });
  };
  const staying = new Set(hosts.map(peerUrlOf));
  for (const member of live.members ?? []) {
    if (!isAt(member, staying)) roleOf(member.name ?? "", addressOf(member), "etcd");
  }
  for (const node of live.nodes ?? []) {
    if (node.owner === ownerOf(stack)) roleOf(node.name, node.address ?? "", "worker");
  }
  for (const [name, { roles, ...access }] of Object.entries(previous ?? {})) {
    roleOf(name, access.address, ...roles);
    const host = found.get(name);
    if (host !== undefined) found.set(name, { ...host, ...access, recorded: true });
  }
  return [...found.values()].map(({ name, address, roles, recorded, sshAddress, bastion, user, port, hostKey }) => ({
    ...{ name, address, roles, recorded },
    ...(sshAddress === undefined ? {} : { sshAddress }),
    ...(bastion === undefined ? {} : { bastion }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(hostKey === undefined ? {} : { hostKey }),
  }));
}

/** One step of a change of etcd's membership. */
export interface MembershipStep {
  /** `fail`: a member that does not answer is removed. `add`: as a learner. `remove`: in good order. */
  action: "fail" | "add" | "promote" | "remove";
  member: string;
}

/** What a change of etcd's membership comes to. */
export interface MembershipPlan {
  steps: MembershipStep[];
  /** The step that would cost the quorum, and how many answer; the steps end before it. */
  blocked?: { step: MembershipStep; healthy: number; voters: number };
}

/** The voters that must agree. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * The order in which etcd's membership changes, as the hosts carry it out: members that are gone and will not stay leave
 * first, so that they do not count when another joins; then each new one joins as a learner and is promoted; then those
 * that leave in good order, the leader last. Every step leaves a quorum of members that answer.
 *
 * @param live members as they are; learners that are not wanted count as leaving.
 * @param desired hosts that shall have a member.
 */
export function planMembership(
  live: readonly Pick<LiveMember, "name" | "peerUrls" | "healthy" | "learner" | "leader" | "started">[],
  desired: readonly Pick<Host, "name" | "address">[],
): MembershipPlan {
  const wanted = new Set(desired.map(peerUrlOf));
  const present = new Set(
    live.filter(({ started, learner }) => started && !learner).flatMap(({ peerUrls }) => peerUrls),
  );
  const joining = desired.filter((host) => !present.has(peerUrlOf(host)));
  const unwanted = live.filter((member) => !isAt(member, wanted));
  const steps: MembershipStep[] = [
    ...unwanted
      .filter(({ healthy }) => !healthy)
      .map((member) => ({ action: "fail" as const, member: memberLabel(member) })),
    ...joining.flatMap(({ name }) => [
      { action: "add" as const, member: name },
      { action: "promote" as const, member: name },
    ]),
    ...unwanted
      .filter(({ healthy }) => healthy)
      .sort((a, b) => Number(a.leader) - Number(b.leader))
      .map((member) => ({ action: "remove" as const, member: memberLabel(member) })),
  ];
  const learners = new Set(unwanted.filter(({ learner }) => learner).map(memberLabel));
  let voters = live.filter(({ learner }) => !learner).length;
  let healthy = live.filter((member) => member.healthy && !member.learner).length;
  for (const [index, step] of steps.entries()) {
    // Members agree on every change before it counts.
    if (healthy < quorumOf(voters)) return { steps: steps.slice(0, index), blocked: { step, healthy, voters } };
    const isVoter = step.action === "promote" || (step.action !== "add" && !learners.has(step.member));
    if (!isVoter) continue;
    const votersAfter = voters + (step.action === "promote" ? 1 : -1);
    const healthyAfter = healthy + (step.action === "promote" ? 1 : step.action === "remove" ? -1 : 0);
    if (votersAfter < 1 || healthyAfter < quorumOf(votersAfter)) {
      return { steps: steps.slice(0, index), blocked: { step, healthy: healthyAfter, voters: votersAfter } };
    }
    voters = votersAfter;
    healthy = healthyAfter;
  }
  return { steps };
}

/**
 * The control-plane host on which the roster's steps for a Node run. It stays the one of the last run as long as that can be
 * used, so that neither a new host nor one that fails moves the steps of other Nodes; otherwise Nodes spread over the hosts.
 *
 * @param node its name, or `roster` for the steps of the cluster as a whole.
 * @param usable names of control-plane hosts that stay and can be reached, in the order of the inventory.
 */
export function rosterHostFor(
  node: string,
  usable: readonly string[],
  previous: Readonly<Record<string, string>> | undefined,
): string {
  const before = previous?.[node];
  if (before !== undefined && usable.includes(before)) return before;
  if (usable.includes(node)) return node;
  const sum = Buffer.from(node).reduce((total, byte) => total + byte, 0);
  const host = usable[sum % usable.length];
  if (host === undefined) throw new Error("no control-plane host can be reached, which the guards should have found");
  return host;
}

/** Control-plane hosts on which the roster's steps can run. */
export function usableRosterHosts(hosts: readonly Host[], readings: ReadonlyMap<string, HostReading>): string[] {
  const reachable = withRole(hosts, "control-plane").filter((host) => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading;
  });
  const serving = reachable.filter((host) => {
    const reading = readings.get(host.name);
    return reading !== undefined && "facts" in reading && reading.facts.bundles["controlplane"] !== undefined;
  });
  return (serving.length > 0 ? serving : reachable).map(({ name }) => name);
}
