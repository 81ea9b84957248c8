/** The number of etcd's documentation, https://etcd.io/docs/v3.6/op-guide/recovery/. */
const leastBump = 1_000_000_000;

/**
 * By how much a restore raises etcd's revision: whatever was ever given out is behind the new one then, so that nobody takes what it
 * remembers for the present. What was given out since the snapshot is known only where a member still tells; and the same snapshot may be
 * restored twice. Therefore the new revision is also more than one for each millisecond of the calendar: a cluster that writes less than
 * 1,000 times a second (etcd's disks hardly allow more for long) is never ahead of the next restore.
 *
 * @param snapshot revision of the snapshot.
 * @param live the highest revision that a member tells; undefined where none does.
 * @param now milliseconds since the epoch.
 */
export function revisionBump(snapshot: number, live: number | undefined, now: number): number {
  return Math.max(leastBump, (live ?? 0) + leastBump - snapshot, Math.ceil(now) - snapshot);
}
