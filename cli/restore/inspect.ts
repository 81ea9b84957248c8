import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { SnapshotFacts } from "../../plan/restore/snapshot.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { Bolt, Damaged } from "./bolt.ts";

/** Bytes of the SHA-256 that `etcdctl snapshot save` puts behind the database, which is a whole number of sectors long. */
const trailer = 32;
const sector = 512;

/** The part of a certificate that is the same wherever it is written. */
export function certificateText(pem: string | undefined): string | undefined {
  return pem?.match(/-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+?)\n-----END/)?.[1];
}

/**
 * Looks at a snapshot of etcd on this machine: whether it is whole, what etcd it is of, and whether it holds a text.
 *
 * @param text for example the certificate of the cluster's authority, which each namespace has in clear.
 * @throws CliError (bad input) when it cannot be read.
 */
export async function inspectSnapshot(path: string, text: string | undefined): Promise<SnapshotFacts> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `The snapshot cannot be read (${reason}): name a file that etcdctl snapshot save has made.`,
      Exit.badInput,
    );
  }
  try {
    const { size, mtimeMs } = await file.stat();
    const { sha256, isWhole, holds } = await readThrough(file, size, text);
    const facts = { path, bytes: size, modified: mtimeMs, sha256, holds };
    try {
      const bolt = await Bolt.open(file);
      if (!isWhole) return { ...facts, damage: damageOf(size) };
      const last = await bolt.lastKey("key");
      return {
        ...facts,
        revision: last === undefined || last.length < 8 ? 0 : Number(last.readBigInt64BE(0)),
        ...versionOf(await bolt.get("meta", "storageVersion"), await bolt.get("cluster", "clusterVersion")),
      };
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      return { ...facts, damage: error.message };
    }
  } finally {
    await file.close();
  }
}

function damageOf(size: number): string {
  return size % sector === trailer
    ? "its SHA-256, with which it ends, is not that of its content"
    : "it does not end with a SHA-256 of its content: it was cut off, or copied from a member's disk and not made by etcdctl snapshot save";
}

/** Up to 3.5 the data itself does not say what etcd it is for. */
function versionOf(storage: Buffer | undefined, cluster: Buffer | undefined): { version?: string } {
  const versions = [storage, cluster].flatMap((bytes) => bytes?.toString("latin1").match(/^\d+\.\d+\.\d+$/)?.[0] ?? []);
  const [version] = versions;
  return version === undefined ? {} : { version };
}

interface Read {
  sha256: string;
  isWhole: boolean;
  holds: boolean;
}

/** Reads the whole file once. */
async function readThrough(file: FileHandle, size: number, text: string | undefined): Promise<Read> {
  const all = createHash("sha256");
  const content = createHash("sha256");
  const end = Math.max(0, size - trailer);
  const wanted = Buffer.from(text ?? "");
  let rest = Buffer.alloc(0);
  let holds = false;
  let at = 0;
  let last = Buffer.alloc(0);
  const stream = file.createReadStream({ autoClose: false, start: 0, highWaterMark: 1 << 20 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    all.update(chunk);
    if (at < end) content.update(chunk.subarray(0, end - at));
    at += chunk.length;
    last = Buffer.concat([last, chunk]).subarray(-trailer);
    if (wanted.length > 0 && !holds) {
      const window = Buffer.concat([rest, chunk]);
      holds = window.includes(wanted);
      rest = window.subarray(-wanted.length);
    }
  }
  return {
    sha256: all.digest("hex"),
    isWhole: at === size && size % sector === trailer && content.digest().equals(last),
    holds,
  };
}
