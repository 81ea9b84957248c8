import type { Finding } from "../findings.ts";
import { guard } from "../guards/rule.ts";
import type { Host } from "../inventory.ts";
import { revisionBump } from "./bump.ts";
import type { RestoreFact } from "./facts.ts";
import { newRestoreId, tokenOf, type RestorePlan } from "./situation.ts";
import type { SnapshotFacts } from "./snapshot.ts";
import { memberNames, type GivenUp } from "./steps.ts";

/** A restore as it is done: what goes to every host that takes part. */
export interface Restore {
  fact: RestoreFact;
  plan: RestorePlan;
  /** Those that take part. */
  hosts: string[];
  /** Whether it was begun by an earlier run. */
  goesOn: boolean;
}

/** What decides whether a restore begins, goes on, or does neither. */
export interface CourseInput {
  plan: RestorePlan;
  /** What speaks against it, of hosts and snapshot. */
  findings: readonly Finding[];
  hosts: readonly Host[];
  /** The snapshot that was named; undefined where none was. */
  snapshot: Pick<SnapshotFacts, "sha256" | "revision"> | undefined;
  /** Whether it is to begin again where another one was cut off. */
  anew: boolean;
  clusterId: string | undefined;
  /** Snapshots of restores that came to nothing, on these hosts. */
  givenUp: readonly GivenUp[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Six hexadecimal digits. */
  random: string;
}

/** A restore; what speaks against one; or, in a sentence, that nobody has said from what. */
export type Course = { restore: Restore } | { findings: Finding[] } | { missing: string };

/** One that was cut off goes on, with its own snapshot; otherwise the one that was named is begun with. */
export function courseOf(input: CourseInput): Course {
  const { plan, snapshot, anew, findings } = input;
  const { current } = plan;
  const goesOn = current !== undefined && !anew;
  if (!goesOn && snapshot === undefined)
    return findings.length > 0 ? { findings: [...findings] } : { missing: missingSentence(plan, input.givenUp) };
  const all = [...findings, ...(goesOn && snapshot !== undefined ? otherFindings(current, snapshot.sha256) : [])];
  // Whoever begins again does without those that do not take part any more.
  const judged = anew ? all.filter(({ rule }) => rule !== "restore-left") : all;
  if (judged.length > 0) return { findings: judged };
  return { restore: goesOn ? goingOn(plan, current, input.hosts) : begin(input) };
}

function missingSentence({ serves }: RestorePlan, givenUp: readonly GivenUp[]): string {
  const left = givenUp.map(({ id, hosts }) => `${hosts.join(", ")} (${id})`).join("; ");
  const remark =
    left === ""
      ? ""
      : ` The snapshot of a restore that was given up before it stopped anything is still on ${left}: the next one takes its place there, and takes it away at its end (docs/restore.md).`;
  return `No restore is under way: say what to restore, by --latest, --backup ID, --to TIME or --snapshot FILE (${serves}).${remark}`;
}

/** Hosts without etcd do not know the snapshot, whose digest is `-` there. */
function otherFindings({ id, sha256 }: RestoreFact, given: string): Finding[] {
  if (sha256 === "-" || sha256 === given) return [];
  const message = `the restore ${id} is under way, from another snapshot`;
  const remedy = "go on with it by ./plinth restore alone, or begin again with this one by --anew";
  return [guard("restore-under-way", [], message, remedy)];
}

function goingOn(plan: RestorePlan, current: RestoreFact, hosts: readonly Host[]): Restore {
  const members = memberNames(current.members);
  const isEtcd = (name: string): boolean => hosts.some((host) => host.name === name && host.roles.includes("etcd"));
  return {
    fact: current,
    plan: { ...plan, members },
    hosts: plan.hosts.filter((name) => members.includes(name) || !isEtcd(name)),
    goesOn: true,
  };
}

function begin({ plan, snapshot, clusterId = "", now, random }: CourseInput): Restore {
  const id = newRestoreId(now, random);
  return {
    plan,
    hosts: plan.hosts,
    goesOn: false,
    fact: {
      id,
      step: "staged",
      sha256: snapshot?.sha256 ?? "-",
      token: tokenOf(clusterId, id),
      members: plan.initialCluster,
      bump: revisionBump(snapshot?.revision ?? 0, plan.revision, now),
    },
  };
}
