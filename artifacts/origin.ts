import { type Origin } from "../lockfile/judge.ts";
import { type CacheKey, type CacheRecord } from "./cache.ts";
import { groups, type ArtifactGroup } from "./table.ts";

/**
 * Where a file in the cache came from. Releases of Plinth before the lock file have recorded it as text alone: of their
 * builds the module sums are not known, and a URL that is not the official one was a mirror's.
 */
export function originOf(record: CacheRecord, key: CacheKey, table: readonly ArtifactGroup[] = groups): Origin {
  if (record.origin !== undefined) return record.origin;
  const { source } = record;
  if (!/^https?:\/\//.test(source)) return { kind: "build", go: / built with go (\S+)$/.exec(source)?.[1] };
  const group = table.find(({ artifacts }) => artifacts.some(({ name }) => name === key.name));
  const official = group?.download?.(key.name, key.version, key.platform).url;
  return source === official ? { kind: "download", url: source } : { kind: "mirror", url: source };
}
