import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { parseStateHalf, type StateHalf } from "../../plan/backup/statehalf.ts";

/** The most that is unpacked, bytes: a hundred times the state of a cluster of a hundred hosts. */
const longest = 2 ** 29;

/** A half as it is sealed: JSON, compressed by gzip, because texts that are the same on many hosts make up most of it. */
export function pack(half: StateHalf): Promise<Buffer> {
  return promisify(gzip)(JSON.stringify(half));
}

/** @throws Error with a sentence that quotes nothing of it. */
export async function unpack(bytes: Buffer): Promise<StateHalf> {
  const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);
  const text = await unzip(bytes, { maxOutputLength: longest }).catch(() => {
    throw new Error("it is not compressed by gzip");
  });
  return parseStateHalf(text.toString("utf8"));
}
