import type { RestoreFacts } from "./facts.ts";

/**
 * The steps of a restore by the names of the host script. Each begins on a host once all hosts have done the one before: no data is
 * replaced while a member or an API server of before runs anywhere, and no API server serves before all members do.
 */
export const restoreSteps = ["stage", "quiet", "stop", "seed", "start", "serve", "finish"] as const;
export type RestoreVerb = (typeof restoreSteps)[number];

/** What each step does, for people. */
export const stepSentences: Readonly<Record<RestoreVerb, string>> = {
  stage: "bring the snapshot, and check it there",
  quiet: "stop controllers and API server",
  stop: "stop etcd",
  seed: "set etcd's data aside, and put the snapshot's in its place",
  start: "start etcd as a new cluster, and wait until it serves",
  serve: "start API server and controllers, and wait until they serve",
  finish: "take the snapshot away",
};

/** What has to be done next: a step, on these hosts at once. */
export type NextStep = { step: RestoreVerb; hosts: string[] } | { done: true } | { torn: string[] };

/** How many of the steps a host has done. */
function done(id: string, restores: RestoreFacts | undefined): number {
  if (restores?.current?.id !== id) return restores?.last === id ? restoreSteps.length : 0;
  const { step } = restores.current;
  const after = ["staged", "quiet", "stopped", "seeded", "started", "serving"].indexOf(step);
  return step === "quieting" ? 1 : after + 1;
}

/**
 * Decides from what all hosts say how a restore goes on, from its beginning or from wherever it was cut off.
 *
 * @param hosts those that take part, with what each says.
 * @returns `torn` with the hosts that are behind by more than a step: somebody has taken their part of the restore away.
 */
export function nextStep(id: string, hosts: ReadonlyMap<string, RestoreFacts | undefined>): NextStep {
  const progress = [...hosts].map(([name, restores]) => ({ name, count: done(id, restores) }));
  const least = Math.min(...progress.map(({ count }) => count), restoreSteps.length);
  const behind = progress.filter(({ count }) => count === least).map(({ name }) => name);
  if (progress.some(({ count }) => count > least + 1)) return { torn: behind };
  const step = restoreSteps[least];
  return step === undefined ? { done: true } : { step, hosts: behind };
}

/** The hosts that take part in a restore, by what its members are called. */
export function memberNames(members: string): string[] {
  return members.split(",").map((member) => member.slice(0, member.indexOf("=")));
}

/** The restore that hosts are in the middle of, the newest where there are several; one that has stopped nothing yet does not count. */
export function underWay<Facts extends { restores?: RestoreFacts }>(
  readings: Iterable<Facts>,
): NonNullable<RestoreFacts["current"]> | undefined {
  const found = [...readings]
    .flatMap(({ restores }) => restores?.current ?? [])
    .filter(({ step }) => step !== "staged");
  // Of a host with etcd, which knows the snapshot.
  return found.toSorted((a, b) => a.id.localeCompare(b.id) || a.sha256.length - b.sha256.length).at(-1);
}

/** A restore that has brought its snapshot to hosts, has stopped nothing, and was not gone on with. */
export interface GivenUp {
  id: string;
  hosts: string[];
}

/** Those of a cluster, by their ids. No run finishes them: what they have left is room on a disk, and data of the cluster's in a folder of root's. */
export function givenUpOf(hosts: Iterable<readonly [name: string, restores: RestoreFacts | undefined]>): GivenUp[] {
  const staged = [...hosts].flatMap(([name, restores]) =>
    restores?.current?.step === "staged" ? [{ name, id: restores.current.id }] : [],
  );
  return [...Map.groupBy(staged, ({ id }) => id)]
    .map(([id, on]) => ({ id, hosts: on.map(({ name }) => name) }))
    .toSorted((a, b) => a.id.localeCompare(b.id));
}
