import { belongTogether, newestUntil, type BackupSet, type DataSet, type StateSet } from "./set.ts";

/**
 * The set of state with which a set of data is restored: the newest one that goes with the same keys, whenever it was made. undefined
 * where there is none: what is encrypted in the data can be read by nobody then.
 *
 * @param now milliseconds since the epoch.
 */
export function stateFor(data: DataSet, sets: readonly BackupSet[], now: number): StateSet | undefined {
  const fitting = sets.flatMap((set) => (set.kind === "state" && belongTogether(data, set) ? [set] : []));
  return newestUntil(fitting, now);
}
