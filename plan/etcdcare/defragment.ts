/** Entries of etcd's log that a member may be behind the others when one of them is defragmented; looks of members are some tenths of
 * a second apart, and the API servers of a large cluster write some hundred times a second. */
export const furthestBehind = 1000;

/** A member by the last look at it. */
export interface MemberLook {
  /** Name of its host. */
  host: string;
  /** Id in hex. */
  id: string;
  /** What it tells of itself; undefined when it does not answer. */
  self:
    | {
        /** Id of the leader that it knows. */
        leader: string | undefined;
        learner: boolean;
        index: number;
        applied: number;
        alarms: readonly AlarmKind[];
      }
    | undefined;
}

export type AlarmKind = "NOSPACE" | "CORRUPT";

/** What stands against defragmenting any member, as sentences; none: nothing does. */
export function defragmentationObstacles(members: readonly MemberLook[]): string[] {
  if (members.length === 0) return ["no member of etcd was found"];
  const answering = members.flatMap(({ host, self }) => (self === undefined ? [] : [{ host, ...self }]));
  const newest = Math.max(0, ...answering.map(({ index, applied }) => Math.max(index, applied)));
  const leaders = new Set(answering.flatMap(({ leader }) => leader ?? []));
  return [
    ...members.flatMap(({ host, self }) => (self === undefined ? [`the member of ${host} does not answer`] : [])),
    ...answering.flatMap(({ host, learner, leader, applied }) => [
      ...(learner ? [`the member of ${host} is a learner, which has to catch up first`] : []),
      ...(leader === undefined ? [`the member of ${host} knows no leader`] : []),
      ...(!learner && newest - applied > furthestBehind
        ? [`the member of ${host} is ${newest - applied} entries behind, and has to catch up first`]
        : []),
    ]),
    ...(leaders.size > 1 ? ["the members do not agree on a leader"] : []),
    ...(answering.some(({ alarms }) => alarms.includes("CORRUPT"))
      ? ["etcd has the alarm CORRUPT: run ./plinth etcd repair"]
      : []),
  ];
}

/** Who is defragmented, in this order, or why nobody is. */
export type Defragmentation = { order: string[] } | { obstacles: string[] };

/**
 * Plans the defragmentation of members, one after the other: followers by name, the leader last, so that leadership moves once.
 * What is done in between may change all of it: it is asked again before each.
 *
 * @param wanted hosts; one that has no member is an obstacle.
 */
export function planDefragmentation(members: readonly MemberLook[], wanted: readonly string[]): Defragmentation {
  const strange = wanted.filter((host) => !members.some((member) => member.host === host));
  const obstacles = [...strange.map((host) => `${host} has no member of etcd`), ...defragmentationObstacles(members)];
  if (obstacles.length > 0) return { obstacles };
  const leads = ({ id, self }: MemberLook): number => (self?.leader === id ? 1 : 0);
  const order = members
    .filter(({ host }) => wanted.includes(host))
    .toSorted((a, b) => leads(a) - leads(b) || a.host.localeCompare(b.host, "en"))
    .map(({ host }) => host);
  return { order };
}
