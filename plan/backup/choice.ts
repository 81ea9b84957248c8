import { isAhead, newestUntil, type BackupSet } from "./set.ts";

/** Which set is wanted. Default: the newest. */
export interface WantedSet {
  /** Id. */
  backup?: string;
  /** ISO 8601; the newest set that is not later. */
  to?: string;
}

/**
 * A set; or what there is none of, such as `set of data 20261129T210000Z-cp1`, which goes on in a sentence of whoever looked; or a sentence why
 * one that is there is not taken.
 */
export type Choice<Set> = { set: Set } | { missing: string } | { problem: string };

/**
 * The set that is restored.
 *
 * @param sets of one half, each once for all of its copies.
 * @param now milliseconds since the epoch.
 * @param half of which `sets` are.
 */
export function chooseSet<Set extends BackupSet>(
  sets: readonly Set[],
  { backup, to }: WantedSet,
  now: number,
  half: Set["kind"],
): Choice<Set> {
  const clusters = clustersOf(sets);
  if (backup === undefined && clusters.length > 1) {
    const whose = "the stack's state does not say which is its own";
    return {
      problem: `There are sets of several clusters, and ${whose}: ${clusters.join(", ")}. Name a set by --backup.`,
    };
  }
  const until = to === undefined ? undefined : Date.parse(to);
  const newest = newestUntil(sets, now, until);
  const set = backup === undefined ? newest : sets.find(({ id }) => id === backup);
  if (set === undefined) {
    const which = backup !== undefined ? ` ${backup}` : to !== undefined ? ` that is not later than ${to}` : "";
    const others =
      backup === undefined ? aheadRemark(sets, now) : newest === undefined ? "" : ` (the newest is ${newest.id})`;
    return { missing: `set of ${half}${which}${others}` };
  }
  const namesakes = sets.filter(({ id }) => id === set.id);
  if (namesakes.length === 1) return { set };
  const owners = clustersOf(namesakes);
  const whose = owners.length > 1 ? `, of ${owners.join(" and ")}` : "; one of them at most is genuine";
  const remedy = "./plinth backup list tells where they are: take another one by --backup";
  return { problem: `There are ${namesakes.length} different sets that are called ${set.id}${whose}: ${remedy}.` };
}

/** Each once. Sets may be of several where the stack's state is not there to tell its own. */
function clustersOf(sets: readonly BackupSet[]): string[] {
  return [...new Set(sets.map(({ cluster, clusterId }) => `${cluster} (id ${clusterId})`))];
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
