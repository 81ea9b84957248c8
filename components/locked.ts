import { readProjectLock } from "../lockfile/file.ts";
import { lockedAt } from "../lockfile/judge.ts";
import type { LockedDigests } from "../plan/digests.ts";

/** What the lock file of the project in this folder has. @throws Error when it is not valid. */
export function readLockedDigests(dir: string): LockedDigests {
  const lock = readProjectLock(dir);
  return (path) => lockedAt(lock, path);
}
