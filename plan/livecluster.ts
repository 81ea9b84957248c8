import type { EtcdMemberFact, HostReading, NodeFact } from "./facts.ts";
import type { Host } from "./inventory.ts";
import { ports } from "./ports.ts";

/** A member of etcd, and whether it serves. */
export interface LiveMember extends EtcdMemberFact {
  /** Its host answers, and so does the member there. */
  healthy: boolean;
  leader: boolean;
}

/** The cluster as its own hosts tell it at this moment. */
export interface LiveCluster {
  /** Undefined when no member of etcd answers. */
  members: LiveMember[] | undefined;
  /** Undefined when no API server answers. */
  nodes: NodeFact[] | undefined;
}

/** The address under which the other members reach the member of a host. */
export function peerUrlOf(host: Pick<Host, "address">): string {
  return `https://${host.address}:${ports.etcdPeer}`;
}

/** The address in a member's peer URL. */
export function addressOf(member: Pick<EtcdMemberFact, "peerUrl">): string {
  return new URL(member.peerUrl).hostname;
}

/**
 * Puts together what the hosts say. The member list is the leader's, where the leader answers: a member that was cut off
 * may tell an old one.
 */
export function liveCluster(readings: ReadonlyMap<string, HostReading>): LiveCluster {
  const facts = [...readings.values()].flatMap((reading) => ("facts" in reading ? [reading.facts] : []));
  const views = facts.flatMap(({ etcd }) => (etcd !== undefined && etcd.members.length > 0 ? [etcd] : []));
  const view = views.find(({ self, leader }) => self !== undefined && self.id === leader) ?? views[0];
  const answering = new Set(views.flatMap(({ self }) => self?.id ?? []));
  const members = view?.members.map((member) => ({
    ...member,
    healthy: answering.has(member.id),
    leader: member.id === view.leader,
  }));
  return { members, nodes: facts.find(({ nodes }) => nodes !== undefined)?.nodes };
}
