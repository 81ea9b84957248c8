import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { createGunzip } from "node:zlib";
import { longestDescription, parseSet, type DataSet } from "../../plan/backup/set.ts";
import { CliError } from "../errors.ts";
import { sealedOverhead } from "./limits.ts";
import { open } from "./seal.ts";

const damaged = (id: string, what: string): CliError => new CliError(`The set ${id} ${what}: take another one.`);

/**
 * The snapshot in a sealed set of data (scripts/backup/data.sh makes it: a description as one line, then the snapshot, by gzip and age).
 *
 * @param listed its description as its target lists it, which must be the one inside.
 * @returns a stream that fails, at its end at the latest, when it is not what the description says: whoever reads uses nothing before. It has
 * no byte more than the description says.
 * @throws CliError when no key at hand opens it.
 */
export async function openData(sealed: Readable, identities: readonly string[], listed: DataSet): Promise<Readable> {
  const clear = await open(sealed, identities, listed.bytes + sealedOverhead(listed.bytes));
  const unpacked = createGunzip();
  // An error on the way ends what is read, too.
  pipeline(clear, unpacked, () => undefined);
  return Readable.from(snapshotIn(unpacked, listed));
}

async function* snapshotIn(stream: AsyncIterable<unknown>, listed: DataSet): AsyncGenerator<Buffer> {
  const digest = createHash("sha256");
  let bytes = 0;
  let head: Buffer | undefined = Buffer.alloc(0);
  try {
    for await (const part of stream) {
      let chunk = part as Buffer;
      if (head !== undefined) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\n");
        if (end === -1 && head.length <= longestDescription) continue;
        requireDescription(end === -1 ? "" : head.subarray(0, end).toString("utf8"), listed);
        chunk = head.subarray(end + 1);
        head = undefined;
      }
      digest.update(chunk);
      bytes += chunk.length;
      if (bytes > listed.bytes) throw otherSnapshot(listed);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw damaged(listed.id, "is damaged, or was cut off");
  }
  if (head !== undefined) throw damaged(listed.id, "has no snapshot in it");
  if (bytes !== listed.bytes || digest.digest("hex") !== listed.sha256) throw otherSnapshot(listed);
}

const otherSnapshot = ({ id }: DataSet): CliError => damaged(id, "holds another snapshot than it says");

function requireDescription(text: string, listed: DataSet): void {
  let inside: unknown;
  try {
    inside = parseSet(text);
  } catch (error) {
    throw damaged(listed.id, `cannot be used, for ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isDeepStrictEqual(inside, listed)) throw damaged(listed.id, "says inside that it is another one");
}
