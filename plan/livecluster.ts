import type { HostFacts, HostReading } from "./facts.ts";
import { withRole, type Host, type Role } from "./inventory.ts";
import type { EtcdFacts, EtcdMember } from "./members.ts";
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

/** A host and the roles that the inventory gives it, or has given it: nobody else's word makes it one of etcd's. */
export interface RankedHost extends Pick<Host, "name" | "address"> {
  readonly roles: readonly Role[];
}

interface Told<Fact> {
  host: RankedHost;
  fact: Fact;
}

/** What hosts with a role say, each about what that role may know. */
function toldBy<Fact>(
  role: Role,
  hosts: readonly RankedHost[],
  readings: ReadonlyMap<string, HostReading>,
  factOf: (facts: HostFacts) => Fact | undefined,
): Told<Fact>[] {
  return withRole(hosts, role).flatMap((host) => {
    const reading = readings.get(host.name);
    const fact = reading !== undefined && "facts" in reading ? factOf(reading.facts) : undefined;
    return fact === undefined ? [] : [{ host, fact }];
  });
}

/** The answer that most give; of two that as many give, the earlier one. */
function mostGiven<Answer>(answers: readonly Answer[]): Answer | undefined {
  const alike = [...Map.groupBy(answers, (answer) => JSON.stringify(answer)).values()];
  return alike.toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/**
 * Puts together what the hosts say. The members of etcd are those that most hosts of etcd tell; where no answer is given by
 * more hosts than another, the leader's counts, for a member that was cut off may tell an old one. Nodes are those that more
 * than half of the API servers tell.
 *
 * @param hosts of the inventory, and those that leave, with the roles of the last run.
 */
export function liveCluster(readings: ReadonlyMap<string, HostReading>, hosts: readonly RankedHost[]): LiveCluster {
  const views = toldBy("etcd", hosts, readings, ({ etcd }) => (etcd?.members.length ? etcd : undefined));
  const leader = mostGiven(views.flatMap(({ fact }) => fact.self?.leader ?? []));
  const leads = ({ fact: { self } }: Told<EtcdFacts>): boolean => self !== undefined && self.id === self.leader;
  const lists = views
    .toSorted((a, b) => Number(leads(b)) - Number(leads(a)))
    .map(({ fact }) => fact.members.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  const answers = (member: EtcdMember): boolean =>
    views.some(({ host, fact }) => fact.self?.id === member.id && isAt(member, new Set([peerUrlOf(host)])));
  const members = mostGiven(lists)?.map((member) => ({
    ...member,
    healthy: answers(member),
    leader: member.id === leader,
  }));
  const nodes = toldBy("control-plane", hosts, readings, (facts) => facts.nodes).map(({ fact }) => fact);
  return { members, nodes: nodes.length === 0 ? undefined : agreedNodes(nodes) };
}

function agreedNodes(lists: readonly (readonly KubeNode[])[]): KubeNode[] {
  const told = Map.groupBy(lists.flat(), ({ name }) => name);
  return [...told.values()].flatMap((nodes) => (nodes.length * 2 > lists.length ? (mostGiven(nodes) ?? []) : []));
}
