import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Origin } from "../lockfile/judge.ts";
import { isMissing } from "./errors.ts";
import { type Platform } from "./platform.ts";

/** What one file in the cache is. */
export interface CacheKey {
  name: string;
  version: string;
  platform: Platform;
}

/** What is remembered beside a file: its digest, and how the file looked when the digest was taken. */
export interface CacheRecord {
  /** Lower-case hex. */
  sha256: string;
  /** Bytes. */
  size: number;
  mtimeMs: number;
  /** Where the file came from, for the reader: a URL, or a Go module with its version. */
  source: string;
  /** The same for the lock file, of executables. Releases before it have recorded none, see `origin.ts`. */
  origin?: Origin;
}

export interface CachedArtifact extends CacheKey {
  path: string;
  record: CacheRecord;
}

/** `${XDG_CACHE_HOME:-~/.cache}/plinth`. */
export function cacheRoot(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "plinth");
}

/** Where artifacts are kept unless the caller says otherwise. */
export function defaultCacheDir(): string {
  return join(cacheRoot(), "artifacts");
}

/** `<name>/<version>/<platform>/<name>`: the path below the cache directory, and below the artifact server's root. */
export function relativePath({ name, version, platform }: CacheKey): string {
  return `${name}/${version}/${platform}/${name}`;
}

const recordPath = (path: string): string => `${path}.json`;

/** SHA-256 of a file, lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function readRecord(path: string): Promise<CacheRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordPath(path), "utf8")) as CacheRecord;
  } catch (error) {
    // A record cut short by a crash counts as none: the file is fetched again.
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function writeRecord(path: string, record: CacheRecord): Promise<void> {
  const temporary = `${recordPath(path)}.${process.pid.toString()}`;
  await writeFile(temporary, `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(temporary, recordPath(path));
}

/**
 * The record of the file at `path` when the file still is what was recorded. Size and mtime are compared on every use;
 * the whole file is hashed again when they differ.
 */
export async function findFile(path: string): Promise<CacheRecord | "missing" | "changed"> {
  const record = await readRecord(path);
  if (record === undefined) return "missing";
  let now;
  try {
    now = await stat(path);
  } catch (error) {
    if (isMissing(error)) return "missing";
    throw error;
  }
  if (now.size === record.size && now.mtimeMs === record.mtimeMs) return record;
  if ((await sha256Of(path)) !== record.sha256) return "changed";
  const refreshed = { ...record, size: now.size, mtimeMs: now.mtimeMs };
  await writeRecord(path, refreshed);
  return refreshed;
}

/** Records the digest of the file at `path` as it is now. */
export async function recordFile(path: string, source: string, origin?: Origin): Promise<CacheRecord> {
  const { size, mtimeMs } = await stat(path);
  const record = {
    ...{ sha256: await sha256Of(path), size, mtimeMs, source },
    ...(origin === undefined ? {} : { origin }),
  };
  await writeRecord(path, record);
  return record;
}

/** Moves a finished file (same file system) to `path` and records its digest. */
export async function storeFile(
  path: string,
  file: string,
  source: string,
  mode: number,
  origin?: Origin,
): Promise<CacheRecord> {
  await mkdir(dirname(path), { recursive: true });
  await chmod(file, mode);
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(file, path);
  return await recordFile(path, source, origin);
}

/** The verified file for `key`, or undefined when there is none. A file that is not what was recorded is dropped. */
export async function findCached(cacheDir: string, key: CacheKey): Promise<CachedArtifact | undefined> {
  const path = join(cacheDir, relativePath(key));
  const record = await findFile(path);
  if (typeof record === "object") return { ...key, path, record };
  if (record === "changed") await dropCached(cacheDir, key);
  return undefined;
}

/** Takes a file out of the cache. */
export async function dropCached(cacheDir: string, key: CacheKey): Promise<void> {
  const path = join(cacheDir, relativePath(key));
  await rm(path, { force: true });
  await rm(recordPath(path), { force: true });
}

/** Moves a finished executable (same file system) into the cache and records its digest. */
export async function store(
  cacheDir: string,
  key: CacheKey,
  file: string,
  source: string,
  origin?: Origin,
): Promise<CachedArtifact> {
  const path = join(cacheDir, relativePath(key));
  return { ...key, path, record: await storeFile(path, file, source, 0o755, origin) };
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Every verified file in the cache, sorted by path. */
export async function listCached(cacheDir: string): Promise<CachedArtifact[]> {
  const found: CachedArtifact[] = [];
  for (const name of (await foldersIn(cacheDir)).sort()) {
    for (const version of (await foldersIn(join(cacheDir, name))).sort()) {
      for (const platform of (await foldersIn(join(cacheDir, name, version))).sort()) {
        const cached = await findCached(cacheDir, { name, version, platform: platform as Platform });
        if (cached !== undefined) found.push(cached);
      }
    }
  }
  return found;
}

/** An archive of an image, `images/<name>.tar` below the cache directory. */
export interface CachedImage {
  name: string;
  path: string;
  record: CacheRecord;
}

/** The verified archive of an image, or undefined. One that has changed since is nobody's to drop: it may be put there. */
export async function findImage(cacheDir: string, name: string): Promise<CachedImage | undefined> {
  const path = join(cacheDir, "images", `${name}.tar`);
  const record = await findFile(path);
  return typeof record === "object" ? { name, path, record } : undefined;
}

/** Every verified archive of an image, sorted by name. */
export async function listImages(cacheDir: string): Promise<CachedImage[]> {
  let entries;
  try {
    entries = await readdir(join(cacheDir, "images"));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const names = entries.filter((entry) => entry.endsWith(".tar")).map((entry) => entry.slice(0, -".tar".length));
  return (await Promise.all(names.sort().map((name) => findImage(cacheDir, name)))).flatMap((image) => image ?? []);
}
