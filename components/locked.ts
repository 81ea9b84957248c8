import { readLock } from "../lockfile/file.ts";
import { lockedAt } from "../lockfile/judge.ts";
import type { LockedDigests } from "../plan/digests.ts";

/** What the project's lock file has. @throws Error when it is not valid. */
export function readLockedDigests(): LockedDigests {
  const lock = readLock();
  return (path) => lockedAt(lock, path);
}
