import { byTime, type SnapshotOfSet } from "./listing.ts";
import { isAhead } from "./set.ts";
import type { BackupSettings } from "./settings.ts";

type Kept = Pick<SnapshotOfSet, "id" | "time" | "kind">;

/**
 * The sets of a repository that may go. Of each half the last ones stay, and those of the last days; of the state's half also the one that was
 * in force at the time of the oldest data that stays, and all that came after it: a set of data is worth nothing without the keys of its time.
 * What is dated in the future stays until its time has come, and does not count among the last ones: it would drive the genuine ones out.
 *
 * @param sets of one cluster, in any order.
 * @param now milliseconds since the epoch.
 */
export function setsToForget<Set extends Kept>(sets: readonly Set[], keep: BackupSettings["keep"], now: number): Set[] {
  const horizon = now - keep.days * 86_400_000;
  const staying = (kind: Kept["kind"]): Set[] => {
    const sorted = sets.filter((set) => set.kind === kind).toSorted(byTime);
    const last = new Set(sorted.filter((set) => !isAhead(set, now)).slice(-keep.last));
    return sorted.filter((set) => last.has(set) || Date.parse(set.time) >= horizon);
  };
  const data = staying("data");
  const oldest = data[0];
  const states = sets.filter(({ kind }) => kind === "state").toSorted(byTime);
  const inForce =
    oldest === undefined ? undefined : states.findLast((set) => Date.parse(set.time) <= Date.parse(oldest.time));
  const needed = states.filter(
    (set) => oldest !== undefined && (set === inForce || Date.parse(set.time) > Date.parse(oldest.time)),
  );
  const stay = new Set([...data, ...staying("state"), ...needed]);
  return sets.filter((set) => !stay.has(set)).toSorted(byTime);
}
