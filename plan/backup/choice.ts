import { isAhead, newestUntil, type BackupSet } from "./set.ts";

/** Which set is wanted. Default: the newest. */
export interface WantedSet {
  /** Id. */
  backup?: string;
  /** ISO 8601; the newest set that is not later. */
  to?: string;
}

/** A set, or in a sentence why there is none. */
export type Choice<Set> = { set: Set } | { problem: string };

/**
 * The set that is restored.
 *
 * @param sets of one half, each once for all of its copies.
 * @param now milliseconds since the epoch.
 */
export function chooseSet<Set extends BackupSet>(
  sets: readonly Set[],
  { backup, to }: WantedSet,
  now: number,
): Choice<Set> {
  const until = to === undefined ? undefined : Date.parse(to);
  const set = backup === undefined ? newestUntil(sets, now, until) : sets.find(({ id }) => id === backup);
  if (set === undefined) {
    const which = backup !== undefined ? ` ${backup}` : to !== undefined ? ` that is not later than ${to}` : "";
    const passed = backup === undefined ? aheadRemark(sets, now) : "";
    return { problem: `No target has a set of data${which}${passed}: ./plinth backup list tells what there is.` };
  }
  const namesakes = sets.filter(({ id }) => id === set.id);
  if (namesakes.length === 1) return { set };
  const clusters = new Set(namesakes.map(({ cluster, clusterId }) => `${cluster} (id ${clusterId})`));
  const whose = clusters.size > 1 ? `, of ${[...clusters].join(" and ")}` : "; one of them at most is genuine";
  const remedy = "./plinth backup list tells where they are: take another one by --backup";
  return { problem: `Targets have ${namesakes.length} different sets that are called ${set.id}${whose}: ${remedy}.` };
}

/**
 * What is said where sets were passed over because their date cannot be right; empty where there are none.
 *
 * @param by how one of them is taken all the same. Default: `--backup`.
 */
export function aheadRemark(sets: readonly Pick<BackupSet, "time" | "id">[], now: number, by = "--backup"): string {
  const ahead = sets.filter((set) => isAhead(set, now)).map(({ id }) => id);
  if (ahead.length === 0) return "";
  const shown = ahead.slice(0, 3).join(", ") + (ahead.length > 3 ? ", …" : "");
  return ` (${ahead.length} dated in the future ${ahead.length === 1 ? "is" : "are"} taken by ${by} alone: ${shown}; compare the clock of this machine)`;
}

/**
 * Why nobody can say which of some sets is the newest one of a stack's own cluster: they are of several, and the stack's state is not
 * there to tell whose. undefined where they are of one.
 */
export function severalClusters(
  sets: readonly Pick<BackupSet, "cluster" | "clusterId">[],
  { backup }: WantedSet,
): string | undefined {
  const clusters = new Set(sets.map(({ cluster, clusterId }) => `${cluster} (id ${clusterId})`));
  if (backup !== undefined || clusters.size <= 1) return undefined;
  return `Targets have sets of several clusters, and the stack's state does not say which is its own: ${[...clusters].join(", ")}. Name a set by --backup.`;
}
