import { createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { sha256Of } from "./cache.ts";
import { ArtifactError, isMissing, reasonOf } from "./errors.ts";
import { fetchText, HttpStatusError, request } from "./http.ts";
import { type Download } from "./table.ts";

export interface DownloadOptions {
  /** Where unfinished files lie, named after their digest, so that a later run goes on where this one stopped. */
  partialDir: string;
  signal?: AbortSignal | undefined;
  /** Bytes so far, and the file's size when the server tells it. Called for every chunk. */
  onBytes?(received: number, total: number | undefined): void;
  /** Milliseconds without a byte after which the connection counts as lost. Default 30 000. */
  stallTimeoutMs?: number;
  /** How often a lost connection is resumed without progress in between. Default 4. */
  retries?: number;
  /** Milliseconds before the first resumption, doubled each time. Default 500. */
  retryDelayMs?: number;
}

/** The published SHA-256 of a download, lower-case hex. */
export async function publishedDigest(download: Download, signal?: AbortSignal): Promise<string> {
  const entry = download.entry ?? download.url.slice(download.url.lastIndexOf("/") + 1);
  const digest = findDigest(await fetchText(download.checksums, { signal }), entry);
  if (digest === undefined) throw new ArtifactError(`${download.checksums} has no SHA-256 for ${entry}`);
  return digest;
}

/**
 * The digest of `entry` in a publisher's text: `<digest>  <entry>` lines, one bare digest, or the JSON that GitHub's API
 * gives for a release.
 */
export function findDigest(text: string, entry: string): string | undefined {
  if (text.startsWith("{")) return findAssetDigest(text, entry);
  const lines = text.split("\n").map((line) => line.trim());
  const bare = lines.filter((line) => line !== "");
  if (bare.length === 1 && /^[0-9a-f]{64}$/i.test(bare[0] ?? "")) return bare[0]?.toLowerCase();
  for (const line of lines) {
    const match = /^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/i.exec(line);
    if (match?.[2] === entry) return match[1]?.toLowerCase();
  }
  return undefined;
}

function findAssetDigest(text: string, entry: string): string | undefined {
  let release;
  try {
    release = JSON.parse(text) as { assets?: { name?: string; digest?: string | null }[] };
  } catch {
    // Cut short, or no record of a release: it holds no digest either way.
    return undefined;
  }
  const digest = release.assets?.find(({ name }) => name === entry)?.digest;
  return /^sha256:([0-9a-f]{64})$/.exec(digest ?? "")?.[1];
}

/**
 * Downloads `url` and returns the path of a file with the given SHA-256; the caller moves or removes it. A file with
 * another digest is removed and makes it throw.
 */
export async function downloadFile(url: string, sha256: string, options: DownloadOptions): Promise<string> {
  const partial = join(options.partialDir, sha256);
  await mkdir(dirname(partial), { recursive: true });
  const resumed = (await sizeOf(partial)) > 0;
  await receive(url, partial, options);
  let found = await sha256Of(partial);
  if (found !== sha256 && resumed) {
    // What an earlier run left may have been damaged since: once more from the first byte.
    await rm(partial, { force: true });
    await receive(url, partial, options);
    found = await sha256Of(partial);
  }
  if (found === sha256) return partial;
  await rm(partial, { force: true });
  throw new ArtifactError(`${url} has the SHA-256 ${found}, but ${sha256} is published: dropped`);
}

async function receive(url: string, partial: string, options: DownloadOptions): Promise<void> {
  const retries = options.retries ?? 4;
  for (let failures = 0; ;) {
    const before = await sizeOf(partial);
    try {
      await receiveOnce(url, partial, before, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof HttpStatusError && error.permanent) throw error;
      failures = (await sizeOf(partial)) > before ? 1 : failures + 1;
      if (failures > retries) throw new ArtifactError(`${url} broke off: ${reasonOf(error)}`, { cause: error });
      const delayMs = (options.retryDelayMs ?? 500) * 2 ** (failures - 1);
      await pause(delayMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

async function receiveOnce(url: string, partial: string, offset: number, options: DownloadOptions): Promise<void> {
  const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset.toString()}-` } : {};
  const response = await request(url, { headers, signal: options.signal });
  const status = response.statusCode ?? 0;
  // 416: nothing is left to fetch (or the file got shorter); the digest decides which.
  if (status === 416 && offset > 0) {
    response.destroy();
    return;
  }
  if (status !== 200 && status !== 206) {
    response.destroy();
    throw new HttpStatusError(url, status);
  }
  const start = status === 206 ? offset : 0;
  const length = response.headers["content-length"];
  const total = length === undefined ? undefined : start + Number(length);
  let received = start;
  response.setTimeout(options.stallTimeoutMs ?? 30_000, () => {
    response.destroy(new ArtifactError(`no data came for ${String((options.stallTimeoutMs ?? 30_000) / 1000)} s`));
  });
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      options.onBytes?.(received, total);
      done(null, chunk);
    },
  });
  await pipeline(response, count, createWriteStream(partial, { flags: status === 206 ? "a" : "w" }));
  if (total !== undefined && received !== total) {
    throw new ArtifactError(`only ${received.toString()} of ${total.toString()} bytes came`);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
