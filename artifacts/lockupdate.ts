import { lockEntry, lockName } from "../lockfile/judge.ts";
import { type Lock } from "../lockfile/schema.ts";
import { updateEntry } from "../lockfile/update.ts";
import { findCached, findImage } from "./cache.ts";
import { type ArtifactRef } from "./ensure.ts";
import { goVersion } from "./go.ts";
import { moduleSums } from "./modulesums.ts";
import { originOf } from "./origin.ts";
import { ownPlatform } from "./platform.ts";
import { groupOf, groups, type ArtifactGroup } from "./table.ts";

export interface LockUpdate {
  cacheDir: string;
  /** Executables and archives of images; those that are not in the cache keep the entry that they have. */
  refs: readonly ArtifactRef[];
  images: readonly string[];
  /** Whether what only this site has is recorded: builds with parts in C or by another tool chain, archives of images. */
  site: boolean;
}

/** The lock file after what is in the cache has been recorded. Entries of other versions and platforms stay. */
export async function updatedLock(
  lock: Lock,
  { cacheDir, refs, images, site }: LockUpdate,
  table: readonly ArtifactGroup[] = groups,
): Promise<Lock> {
  const artifacts = { ...lock.artifacts };
  for (const { name, version, platform = ownPlatform() } of refs) {
    const key = { name, version, platform };
    const cached = await findCached(cacheDir, key);
    if (cached === undefined) continue;
    const group = groupOf(name, table);
    const present = {
      sha256: cached.record.sha256,
      origin: originOf(cached.record, key, table),
      modules: version === group.version ? await moduleSums(group.moduleDir) : undefined,
      go: goVersion,
      reproducible: group.c === undefined,
    };
    artifacts[lockName(key)] = updateEntry(lockEntry(lock, key), present, site);
  }
  const archives = { ...lock.images };
  for (const name of site ? images : []) {
    const image = await findImage(cacheDir, name);
    if (image !== undefined) archives[name] = image.record.sha256;
  }
  return { ...lock, artifacts, images: archives };
}

/** What changed, a line each, sorted: `+ etcd/3.6.14/linux-amd64` is new, `~ …` another. */
export function lockChanges(before: Lock, after: Lock): string[] {
  const flat = ({ artifacts, images }: Lock): Map<string, string> =>
    new Map(
      [
        ...Object.entries(artifacts),
        ...Object.entries(images).map(([name, sha256]) => [`images/${name}.tar`, sha256]),
      ].map(([name, value]) => [name, JSON.stringify(value)]),
    );
  const old = flat(before);
  return [...flat(after)]
    .filter(([name, value]) => old.get(name) !== value)
    .map(([name]) => `${old.has(name) ? "~" : "+"} ${name}`)
    .sort();
}
