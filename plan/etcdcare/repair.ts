import type { AlarmKind } from "./defragment.ts";

/** A host with the role etcd, as far as a repair goes by it. */
export interface RepairHost {
  host: string;
  /** Whether there is data of a member on it; undefined when the host does not answer. */
  data: boolean | undefined;
  /** Id of the member that the cluster lists for it, in hex; undefined where it lists none. */
  listed: string | undefined;
  /** Whether the list has it as a learner. */
  learner: boolean;
  /** Whether its member answers and knows a leader. */
  well: boolean;
  /** Why a member that does not answer has ended, where its log says that its data is damaged. */
  damage: string | undefined;
}

export interface HashOf {
  id: string;
  hash: number;
  /** Revisions that hashes are about; those with others cannot be compared. */
  revision: number;
  compacted: number;
}

export interface RepairLook {
  /** Whether a member has told, with a quorum behind it, who the members are. Without that nobody is known to have left. */
  known: boolean;
  hosts: readonly RepairHost[];
  /** Raised alarms, by the id of the member. */
  alarms: readonly { member: string; alarm: AlarmKind }[];
  /** Hashes of the data, where they were asked for. */
  hashes: readonly HashOf[];
  /** Ids of voters that the cluster lists for no host of the inventory. */
  others: readonly string[];
}

/** One step; after it one looks again. */
export type Repair =
  | { step: "none" }
  /** Compact to the present revision, defragment one member after the other, end the alarm, try a write. */
  | { step: "free-space" }
  /** The member leaves the cluster, and its data is set aside. */
  | { step: "set-aside"; host: string; why: string }
  /** End the alarm: whom it was about has left. */
  | { step: "disarm" }
  /** The host without data joins again. */
  | { step: "rejoin"; host: string }
  | { step: "refused"; why: string };

/**
 * Ids of members whose data differs from that of most. Undefined when no data is that of more than half of those that could be
 * compared: then nobody knows which is right.
 */
export function outvoted(hashes: readonly HashOf[]): string[] | undefined {
  const [first] = hashes;
  // Members forget at different times; what they say about different stretches differs although nothing is wrong.
  const comparable = hashes.every(
    ({ revision, compacted }) => revision === first?.revision && compacted === first.compacted,
  );
  if (first === undefined || !comparable) return [];
  const votes = new Map<number, number>();
  for (const { hash } of hashes) votes.set(hash, (votes.get(hash) ?? 0) + 1);
  const [right] = [...votes].find(([, number]) => number * 2 > hashes.length) ?? [];
  return right === undefined ? undefined : hashes.filter(({ hash }) => hash !== right).map(({ id }) => id);
}

const restore = "restore a backup";

/**
 * The next step of a repair. It goes by what is there alone, so that a repair that was killed anywhere is finished by the next one.
 *
 * CORRUPT goes before NOSPACE: a corrupt cluster takes no compaction. A member leaves only where the other voters that are well are a
 * quorum of those that are there now. The alarm ends once whom it was about has left, so that the cluster takes writes again, and before that
 * host joins anew: an API server starts with writes, and a member under an alarm is not healthy.
 */
export function nextRepair({ known, hosts, alarms, hashes, others }: RepairLook): Repair {
  if (!known) {
    return {
      step: "refused",
      why: `no member tells who the members are, so etcd has no quorum now: bring members back (./plinth status tells why, up --heal starts what was stopped), or ${restore}`,
    };
  }
  const corrupt = alarms.filter(({ alarm }) => alarm === "CORRUPT").map(({ member }) => member);
  const differing = outvoted(hashes);
  if (differing === undefined) {
    return { step: "refused", why: `the members' data differ, and none is that of most: ${restore}` };
  }
  const why = ({ listed, damage, data, well }: RepairHost): string | undefined => {
    if (listed === undefined)
      return data === true && !well ? "it has left the cluster, and its data is still there" : undefined;
    if (corrupt.includes(listed)) return "the alarm CORRUPT is about it";
    if (differing.includes(listed)) return "its data differs from that of most";
    return well ? undefined : damage;
  };
  const suspects = hosts.flatMap((host) => {
    const reason = why(host);
    return reason === undefined ? [] : [{ ...host, reason }];
  });
  const [suspect] = suspects.toSorted(
    // Whoever is out already goes first, it costs nothing.
    (a, b) => Number(a.listed !== undefined) - Number(b.listed !== undefined) || a.host.localeCompare(b.host, "en"),
  );
  if (suspect !== undefined) {
    const refusal =
      suspect.listed === undefined
        ? undefined
        : costsQuorum(
            suspect.host,
            hosts,
            others,
            suspects.map(({ host }) => host),
          );
    if (refusal !== undefined) return { step: "refused", why: refusal };
    return { step: "set-aside", host: suspect.host, why: suspect.reason };
  }
  if (corrupt.length > 0) {
    const listed = new Set([...others, ...hosts.flatMap((host) => host.listed ?? [])]);
    const strange = corrupt.find((id) => listed.has(id));
    if (strange !== undefined) {
      return {
        step: "refused",
        why: `member ${strange} is corrupt, and no host of the inventory has it: run up, which removes it`,
      };
    }
    return { step: "disarm" };
  }
  const joining = hosts.find(({ data, well, learner }) => (data === false && !well) || learner);
  if (joining !== undefined) return { step: "rejoin", host: joining.host };
  const silent = hosts.filter(({ well }) => !well).map(({ host }) => host);
  if (silent.length > 0) {
    const be = silent.length === 1 ? "the member of" : "the members of";
    return {
      step: "refused",
      why: `${be} ${silent.join(", ")} cannot be asked: bring that back first (./plinth status tells why, up --heal starts what was stopped)`,
    };
  }
  return alarms.some(({ alarm }) => alarm === "NOSPACE") ? { step: "free-space" } : { step: "none" };
}

/** Why a member cannot leave; undefined where it can. */
function costsQuorum(
  leaving: string,
  hosts: readonly RepairHost[],
  others: readonly string[],
  suspects: readonly string[],
): string | undefined {
  const joining = hosts.find(({ host, learner }) => learner && host !== leaving);
  if (joining !== undefined) return `${joining.host} is joining: wait until it votes`;
  if (hosts.find(({ host }) => host === leaving)?.learner === true) return undefined;
  const voters = hosts.filter(({ host, listed, learner }) => host !== leaving && listed !== undefined && !learner);
  // It is stopped before it leaves, and those that are there now decide on that.
  const present = voters.length + others.length + 1;
  if (present === 1) return `${leaving} has the only voter, and its data is damaged: ${restore}`;
  const needed = Math.floor(present / 2) + 1;
  const sound = voters.filter(({ host, well }) => well && !suspects.includes(host)).length;
  if (sound >= needed) return undefined;
  return `without ${leaving} ${sound} of ${present} voters are well, and ${needed} are needed: bring others back first, or ${restore}`;
}
