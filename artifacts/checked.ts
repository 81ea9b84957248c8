import { expectedDigests, lockEntry, lockRemedy, type Origin } from "../lockfile/judge.ts";
import { type Lock } from "../lockfile/schema.ts";
import { sha256Of, store, type CachedArtifact, type CacheKey } from "./cache.ts";
import { type SourceContext } from "./context.ts";
import { ArtifactError } from "./errors.ts";

/** Why the lock file refuses an executable, as a sentence without a full stop; undefined when it does not. */
export function whyRefused(lock: Lock, key: CacheKey, sha256: string, origin: Origin): string | undefined {
  const entry = lockEntry(lock, key);
  const expected = expectedDigests(entry, origin);
  if (expected === undefined || expected.includes(sha256)) return undefined;
  const what = `${key.name} ${key.version} for ${key.platform}`;
  const found = `has the SHA-256 ${sha256}, and plinth.lock.json has ${expected.join(" and ")}`;
  if (origin.kind !== "build") return `${what} from ${origin.url} ${found}: ${lockRemedy}`;
  return entry?.site === undefined
    ? `${what}, built here of the locked modules, ${found}: ${lockRemedy}`
    : `${what}, built here, ${found}, which all hosts of this site get: take it from the cache of the operator who has it, by ` +
        `PLINTH_ARTIFACT_MIRROR, or run ./plinth artifacts --update here and commit plinth.lock.json, which rolls the hosts`;
}

/** Moves a finished executable into the cache. Throws an ArtifactError, and stores nothing, when the lock file refuses it. */
export async function storeChecked(
  { cacheDir, lock }: Pick<SourceContext, "cacheDir" | "lock">,
  key: CacheKey,
  file: string,
  source: string,
  origin: Origin,
): Promise<CachedArtifact> {
  const refused = whyRefused(lock, key, await sha256Of(file), origin);
  if (refused !== undefined) throw new ArtifactError(`${refused}; nothing of it was kept`);
  return await store(cacheDir, key, file, source, origin);
}
