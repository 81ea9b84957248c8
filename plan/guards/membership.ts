import type { HostReading } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isNode, withRole, type Host } from "../inventory.ts";
import { isAt, memberLabel, peerUrlOf, type LiveCluster } from "../livecluster.ts";
import { holdsMember } from "../members.ts";
import { planMembership, quorumOf, type LeavingHost } from "../membership.ts";
import type { Tombstone } from "../outputs.ts";
import type { RunRequests } from "../requests.ts";
import { guard, input } from "./rule.ts";

/** What a change of membership is judged by. */
export interface MembershipSituation {
  hosts: readonly Host[];
  leaving: readonly LeavingHost[];
  /** Of the inventory, and of hosts that leave. */
  readings: ReadonlyMap<string, HostReading>;
  live: LiveCluster;
  /** Whether the cluster has been brought up once. */
  bootstrapped: boolean;
  requests: Pick<RunRequests, "lost" | "replace">;
  tombstones: Readonly<Record<string, Tombstone>>;
}

/** Hosts that join, leave, come back or were swapped, as far as that is dangerous. */
export function guardMembership(situation: MembershipSituation): Finding[] {
  return [
    ...requestFindings(situation),
    ...returnFindings(situation),
    ...leavingFindings(situation),
    ...lastMemberFindings(situation),
    ...(situation.bootstrapped ? quorumFindings(situation) : []),
  ];
}

/** Hosts of the inventory that are not what the cluster has known by their names. Follows from what hosts say, and from nothing else. */
export function guardReplacements(situation: MembershipSituation): Finding[] {
  return situation.bootstrapped ? replacementFindings(situation) : [];
}

function answers(readings: ReadonlyMap<string, HostReading>, name: string): boolean {
  const reading = readings.get(name);
  return reading !== undefined && "facts" in reading;
}

/** `--lost` and `--replace` that contradict the inventory or the hosts. */
function requestFindings({ hosts, leaving, readings, requests, tombstones }: MembershipSituation): Finding[] {
  const names = hosts.map(({ name }) => name);
  const lost = requests.lost.flatMap((name): Finding[] => {
    if (names.includes(name)) {
      const message = "the host is said to be lost, but it is in the inventory";
      return [
        input("lost-in-inventory", [name], message, "take it out of the inventory as well, or leave --lost away"),
      ];
    }
    if (answers(readings, name)) {
      const message = "the host is said to be lost, but it answers";
      const remedy = "leave --lost away: it can leave in good order and be cleaned up";
      return [guard("lost-but-alive", [name], message, remedy)];
    }
    if (!leaving.some((host) => host.name === name) && tombstones[name] === undefined) {
      const message = "the host is said to be lost, but the cluster knows no such host";
      return [input("lost-unknown", [name], message, "correct the name")];
    }
    return [];
  });
  const replace = requests.replace
    .filter((name) => !names.includes(name))
    .map((name) =>
      input(
        "replace-unknown",
        [name],
        "the host is to be replaced, but it is not in the inventory",
        "correct the name",
      ),
    );
  return [...lost, ...replace];
}

/** Lost hosts that are in the inventory again with what they were. */
function returnFindings({ hosts, readings, tombstones }: MembershipSituation): Finding[] {
  return hosts.flatMap(({ name }) => {
    const reading = readings.get(name);
    if (tombstones[name] === undefined || reading === undefined || !("facts" in reading)) return [];
    if (reading.facts.claim === undefined && Object.keys(reading.facts.bundles).length === 0) return [];
    const message = "the host was declared lost and is back with the identity that it had";
    return [guard("tombstone", [name], message, `take that off it first: ./plinth reset ${name}`)];
  });
}

/** Hosts that leave and cannot be asked to. */
function leavingFindings({ leaving, readings, requests }: MembershipSituation): Finding[] {
  return leaving
    .filter(({ name }) => !requests.lost.includes(name) && !answers(readings, name))
    .map(({ name }) => {
      const reading = readings.get(name);
      const why = reading !== undefined && "failure" in reading ? ` (${reading.message})` : "";
      const message = `the host is to leave the cluster but cannot be reached${why}`;
      return guard(
        "leaving-unreachable",
        [name],
        message,
        `bring it up, or say that it is gone for good: --lost ${name}`,
      );
    });
}

/** Hosts that the cluster knows as another machine, or with data that they no longer have. */
function replacementFindings({ hosts, readings, live, requests }: MembershipSituation): Finding[] {
  return hosts.flatMap((host) => {
    const reading = readings.get(host.name);
    if (reading === undefined || !("facts" in reading) || requests.replace.includes(host.name)) return [];
    const { facts } = reading;
    const node = live.nodes?.find(({ name }) => name === host.name);
    const member = live.members?.find(({ peerUrls, started }) => started && peerUrls.includes(peerUrlOf(host)));
    const remedy = `bring the old one back, or say that this one takes its place: --replace ${host.name}`;
    if (node !== undefined && isNode(host) && node.machineId !== undefined && node.machineId !== facts.machineId) {
      const message = `the host is another machine (id ${facts.machineId}) than the cluster's Node of that name (id ${node.machineId})`;
      return [guard("replaced-host", [host.name], message, remedy)];
    }
    const lacksData = host.roles.includes("etcd") && !holdsMember(facts.etcd);
    if (member !== undefined && lacksData) {
      const message = "the cluster knows an etcd member on this host, but its disk holds none";
      const repair = `where only its data is gone, run ./plinth etcd repair; otherwise ${remedy}`;
      return [guard("replaced-host", [host.name], message, repair)];
    }
    // Nobody tells who the members are. Where a restore has left a snapshot, the member begins with it.
    if (live.members === undefined && facts.etcd?.logless === true && facts.restores?.seed === undefined) {
      const message = "an etcd member was begun anew on this host without its data, and no member answers";
      const repair =
        "run ./plinth status; where enough others serve again, run ./plinth etcd repair, otherwise ./plinth restore";
      return [guard("replaced-host", [host.name], message, repair)];
    }
    if (node !== undefined && isNode(host) && facts.bundles["node"] === undefined) {
      const message = "the cluster knows a Node of this name, but nothing of it is on the host";
      return [guard("replaced-host", [host.name], message, remedy)];
    }
    return [];
  });
}

/**
 * A cluster that nobody would be left of. Where all members leave and some of them do not answer, nobody can say that there
 * is no such cluster: only hosts that serve etcd already count as staying then.
 */
function lastMemberFindings({
  hosts,
  leaving,
  readings,
  live,
  requests,
  bootstrapped,
}: MembershipSituation): Finding[] {
  const gone = leaving.filter(({ roles }) => roles.includes("etcd")).map(({ name }) => name);
  const mayServe =
    (bootstrapped && (live.members !== undefined || gone.length > 0)) || gone.some((name) => !answers(readings, name));
  const peers = new Set(
    live.members?.filter(({ learner, started }) => started && !learner).flatMap(({ peerUrls }) => peerUrls),
  );
  const serves = (host: Host): boolean => {
    if (live.members !== undefined) return peers.has(peerUrlOf(host));
    const reading = readings.get(host.name);
    return reading === undefined || "failure" in reading || reading.facts.bundles["etcd"] !== undefined;
  };
  const staying = withRole(hosts, "etcd").filter((host) => !requests.replace.includes(host.name) && serves(host));
  if (!mayServe || staying.length > 0) return [];
  return [
    guard(
      "last-control-plane",
      gone,
      "no member of etcd would stay, and with the last one goes everything that the cluster holds",
      "keep at least one of the hosts, and take it out once the others serve (./plinth destroy ends a cluster)",
    ),
  ];
}

/** Changes of etcd's membership that cost the quorum, or that nobody is there to agree on. */
function quorumFindings({ hosts, live, leaving, readings, requests }: MembershipSituation): Finding[] {
  const desired = withRole(hosts, "etcd");
  const replaced = new Set(desired.filter(({ name }) => requests.replace.includes(name)).map(peerUrlOf));
  if (live.members === undefined) {
    const joining = desired.filter((host) => {
      const reading = readings.get(host.name);
      return reading !== undefined && "facts" in reading && reading.facts.bundles["etcd"] === undefined;
    });
    const names = [...joining, ...leaving.filter(({ roles }) => roles.includes("etcd"))].map(({ name }) => name);
    if (names.length === 0) return [];
    const message = "they are to join or leave, but no member of etcd answers that could agree to it";
    return [guard("etcd-quorum", names, message, "bring etcd back first (./plinth status tells what is wrong)")];
  }
  // A host that is replaced has lost its member already.
  const members = live.members.map((member) =>
    isAt(member, replaced)
      ? { ...member, healthy: false, started: false, peerUrls: member.peerUrls.map((url) => `${url}#old`) }
      : member,
  );
  const { blocked } = planMembership(members, desired);
  if (blocked === undefined) return [];
  const silent = live.members.filter(({ healthy, learner }) => !healthy && !learner).map(memberLabel);
  const verb = { fail: "removing", add: "adding", promote: "promoting", remove: "removing" }[blocked.step.action];
  const message =
    `${verb} the etcd member ${blocked.step.member} would leave ${blocked.healthy} of ${blocked.voters} voting members that answer, ` +
    `${quorumOf(blocked.voters)} are needed` +
    (silent.length > 0 ? ` (${silent.join(", ")} ${silent.length === 1 ? "does" : "do"} not answer)` : "");
  return [
    guard(
      "etcd-quorum",
      [blocked.step.member],
      message,
      "bring the silent members back, or change fewer hosts at once",
    ),
  ];
}
