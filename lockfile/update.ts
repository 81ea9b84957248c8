import { lockedDigests, type Origin } from "./judge.ts";
import { type LockEntry } from "./schema.ts";

/** An executable that is in the cache, for the lock file. */
export interface Present {
  sha256: string;
  origin: Origin;
  /** Of the committed `go.mod` and `go.sum`; undefined for a version that they are not of. */
  modules: string | undefined;
  /** The tool chain that builds are made with. */
  go: string;
  /** Whether two machines make the same bytes of the same modules. */
  reproducible: boolean;
}

/**
 * The entry of an executable, from the one before it and what is in the cache now.
 * @param site whether digests are recorded that other machines do not come to: those of one site.
 */
export function updateEntry(before: LockEntry | undefined, present: Present, site: boolean): LockEntry {
  const { sha256, origin } = present;
  const own = site ? { site: sha256 } : {};
  switch (origin.kind) {
    case "download": {
      const { url, file } = origin;
      return { ...buildOf(before, present), download: { url, ...(file === undefined ? {} : { file }), sha256 } };
    }
    case "mirror":
      return lockedDigests(before).includes(sha256)
        ? { ...before }
        : { ...buildOf(before, present), ...downloadOf(before), ...own };
    case "build": {
      const modules = origin.modules ?? present.modules;
      if (present.reproducible && origin.go === present.go && modules !== undefined)
        return { build: { modules, go: present.go, sha256 }, ...downloadOf(before) };
      return { ...buildOf(before, { ...present, modules }), ...downloadOf(before), ...own };
    }
  }
}

/** What is known of builds, as far as it is of the same modules and tool chain. */
function buildOf(before: LockEntry | undefined, { modules, go }: Pick<Present, "modules" | "go">): LockEntry {
  const known = before?.build;
  if (modules === undefined) return known === undefined ? {} : { build: known };
  return { build: known?.modules === modules && known.go === go ? known : { modules, go } };
}

function downloadOf(before: LockEntry | undefined): LockEntry {
  return before?.download === undefined ? {} : { download: before.download };
}
