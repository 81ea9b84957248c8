import type { HostReading } from "./facts.ts";
import type { Host } from "./inventory.ts";
import type { EtcdMember } from "./members.ts";
import type { KubeNode } from "./nodes.ts";
import { ports } from "./ports.ts";

/** A member of etcd, and whether it serves. */
export interface LiveMember extends EtcdMember {
  /** Its host answers, and so does the member there. */
  healthy: boolean;
  leader: boolean;
}

/** The cluster as its own hosts tell it at this moment. */
export interface LiveCluster {
  /** Undefined when no member of etcd answers. */
  members: LiveMember[] | undefined;
  /** Undefined when no API server answers. */
  nodes: KubeNode[] | undefined;
}

/** The address under which the other members reach the member of a host. */
export function peerUrlOf(host: Pick<Host, "address">): string {
  return `https://${host.address}:${ports.etcdPeer}`;
}

/** The address in a member's peer URL, the first one where it has several. */
export function addressOf({ peerUrls }: Pick<EtcdMember, "peerUrls">): string {
  const [url] = peerUrls;
  return url === undefined ? "" : new URL(url).hostname;
}

/** Whether it is the member of one of these peer URLs. */
export function isAt({ peerUrls }: Pick<EtcdMember, "peerUrls">, urls: ReadonlySet<string>): boolean {
  return peerUrls.some((url) => urls.has(url));
}

/** What a member is called in sentences: by its name, or by where it is. */
export function memberLabel({ name, peerUrls }: Pick<EtcdMember, "name" | "peerUrls">): string {
  return name ?? peerUrls.join(", ");
}

/**
 * Puts together what the hosts say. The member list is the leader's, where the leader answers: a member that was cut off
 * may tell an old one.
 */
export function liveCluster(readings: ReadonlyMap<string, HostReading>): LiveCluster {
  const facts = [...readings.values()].flatMap((reading) => ("facts" in reading ? [reading.facts] : []));
  const views = facts.flatMap(({ etcd }) => (etcd !== undefined && etcd.members.length > 0 ? [etcd] : []));
  const view = views.find(({ self }) => self !== undefined && self.id === self.leader) ?? views[0];
  const answering = new Set(views.flatMap(({ self }) => self?.id ?? []));
  const members = view?.members.map((member) => ({
    ...member,
    healthy: answering.has(member.id),
    leader: member.id === view.self?.leader,
  }));
  return { members, nodes: facts.find(({ nodes }) => nodes !== undefined)?.nodes };
}
