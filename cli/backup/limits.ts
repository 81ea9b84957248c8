import { mostSets } from "../../plan/backup/listing.ts";
import { CliError } from "../errors.ts";

/** How much is taken from a place at most: whoever can write there must not make this machine run out of memory or disk. */

/** How much of restic's list of a place's snapshots is read. */
export interface ListLimits {
  sets: number;
  /** Of restic's JSON, in which a set has 1.3 KiB. */
  bytes: number;
}

/** 20,000 sets (plan/backup/listing.ts) with more than three KiB each. */
export const usualList: ListLimits = { sets: mostSets, bytes: 64 * 2 ** 20 };
/**
 * For who deletes: so many sets that nobody else lists them are to become fewer. 256 MiB are some 200,000, two years of sets every five
 * minutes, for which this process needs 1 GiB of memory.
 */
export const listToPrune: ListLimits = { sets: Number.POSITIVE_INFINITY, bytes: 256 * 2 ** 20 };
/** Bytes of what restic complains of that are kept, of its end. */
export const mostComplaint = 64 * 2 ** 10;
/** Bytes of age's header, in which each recipient has some hundred. */
export const mostHeader = 64 * 2 ** 10;
/** Bytes of a set of state that is unpacked: four times as many as sealed ones, and a little less than the longest text of Node.js. */
export const mostUnpacked = 2 ** 29 - 2 ** 20;
/**
 * Bytes by which a sealed set of data may be larger than its snapshot: it is smaller by far as a rule. What does not get smaller grows by
 * 5 bytes in 16 KiB with gzip and by 16 bytes in 64 KiB with age, and has a description and a header.
 */
export const sealedOverhead = (bytes: number): number => Math.ceil(bytes / 1000) + 2 ** 20;

/**
 * A stream as it is, up to so many bytes.
 *
 * @param excess for what is longer.
 */
export async function* upTo(
  stream: AsyncIterable<unknown>,
  most: number,
  excess: () => CliError,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const part of stream) {
    const chunk = part as Buffer;
    bytes += chunk.length;
    if (bytes > most) throw excess();
    yield chunk;
  }
}
