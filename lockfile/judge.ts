import { type Lock, type LockEntry } from "./schema.ts";

/** What one executable is, in the words of the artifact server. */
export interface LockKey {
  name: string;
  version: string;
  /** `linux-amd64`. */
  platform: string;
}

/** Where an executable came from. */
export type Origin =
  | {
      kind: "build";
      /** The tool chain, where it is one that the lock file pins: `1.26.8`. */
      go?: string | undefined;
      /** Of `go.mod` and `go.sum`. Unknown of what earlier releases of Plinth have built. */
      modules?: string | undefined;
    }
  | {
      kind: "download";
      url: string;
      /** SHA-256 of the archive that it was taken out of. */
      file?: string | undefined;
    }
  | { kind: "mirror"; url: string };

export function lockName({ name, version, platform }: LockKey): string {
  return `${name}/${version}/${platform}`;
}

export function lockEntry(lock: Lock, key: LockKey): LockEntry | undefined {
  return lock.artifacts[lockName(key)];
}

/** Every digest that an executable may have, wherever it comes from: what a mirror may serve. */
export function lockedDigests(entry: LockEntry | undefined): string[] {
  const digests = [entry?.build?.sha256, entry?.download?.sha256, entry?.site];
  return [...new Set(digests.filter((digest) => digest !== undefined))];
}

/** The same by the path on an artifact server: `<name>/<version>/<platform>/<name>` or `images/<name>.tar`. */
export function lockedAt(lock: Lock, path: string): string[] {
  const image = /^images\/(.+)\.tar$/.exec(path)?.[1];
  if (image !== undefined) return [lock.images[image] ?? []].flat();
  const [name = "", version = "", platform = ""] = path.split("/");
  return lockedDigests(lockEntry(lock, { name, version, platform }));
}

/**
 * The digests of which an executable of this origin has to have one; undefined when the lock file says nothing of it.
 * A download is held against the locked download, and a build against the same build: a machine that downloads is not
 * refused because somebody has locked a build. A site's own digest counts for its builds, because all its hosts have it.
 */
export function expectedDigests(entry: LockEntry | undefined, origin: Origin): string[] | undefined {
  const all = lockedDigests(entry);
  switch (origin.kind) {
    case "mirror":
      return all.length === 0 ? undefined : all;
    case "download":
      return entry?.download === undefined ? undefined : all;
    case "build": {
      const { go, modules } = origin;
      const build = entry?.build;
      const same = build?.sha256 !== undefined && build.go === go && build.modules === modules;
      return same || entry?.site !== undefined ? all : undefined;
    }
  }
}

/** Whether the lock file lets an executable with this digest and origin be used. */
export function isAllowed(entry: LockEntry | undefined, sha256: string, origin: Origin): boolean {
  return expectedDigests(entry, origin)?.includes(sha256) ?? true;
}

/** Nothing protects what comes by plain HTTP on its way. */
export function isPlain(url: string): boolean {
  return new URL(url).protocol === "http:";
}

/**
 * Why a mirror's file with this digest is not used, as the end of a sentence that begins with what and where; undefined
 * when it may be. `expected`: the locked digests, none when nothing is locked.
 */
export function whyNotFromMirror(url: string, sha256: string, expected: readonly string[]): string | undefined {
  if (expected.length === 0) {
    return isPlain(url) ? "comes by http://, and plinth.lock.json has no digest of it" : undefined;
  }
  return expected.includes(sha256)
    ? undefined
    : `has the SHA-256 ${sha256} there, and plinth.lock.json has ${expected.join(" and ")}`;
}

/** What to do about it, as a clause. */
export const lockRemedy =
  "find out which one is right, and if it is the new one, run ./plinth artifacts --update where that is in the cache, and commit plinth.lock.json";
