import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { stateMost } from "../../plan/backup/limits.ts";
import { parseStateHalf, type StateHalf } from "../../plan/backup/statehalf.ts";
import { CliError } from "../errors.ts";
import { mostUnpacked } from "./limits.ts";
import { bytesOf, seal } from "./seal.ts";

const mib = (bytes: number): number => Math.floor(bytes / 2 ** 20);

/** Why a half is not kept: nobody would open it. */
function tooLarge({ set }: StateHalf, what: string, most: number): CliError {
  return new CliError(
    `The state of stack "${set.stack}" is not kept: ${what} would have more than ${mib(most)} MiB, and nobody could open it. ` +
      "See by pulumi stack export what has grown in it.",
  );
}

/** A half as it is sealed: JSON, compressed by gzip, because texts that are the same on many hosts make up most of it. */
export function pack(half: StateHalf): Promise<Buffer> {
  return promisify(gzip)(JSON.stringify(half));
}

/**
 * A half, packed and sealed.
 *
 * @param recipients public keys `age1…`.
 * @param most bytes, sealed and unpacked. Default: what can be opened again.
 * @throws CliError where it has more.
 */
export async function sealHalf(
  half: StateHalf,
  recipients: readonly string[],
  most = { sealed: stateMost, unpacked: mostUnpacked },
): Promise<Buffer> {
  const packed = await pack(half);
  // The last four bytes of gzip's are how many it has packed.
  if (packed.readUInt32LE(packed.length - 4) > most.unpacked) throw tooLarge(half, "its text", most.unpacked);
  const sealed = await bytesOf(await seal(Readable.from([packed]), recipients));
  if (sealed.length > most.sealed) throw tooLarge(half, "its sealed set", most.sealed);
  return sealed;
}

/** @param most bytes of its text. @throws Error with a sentence that quotes nothing of it. */
export async function unpack(bytes: Buffer, most = mostUnpacked): Promise<StateHalf> {
  const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);
  const text = await unzip(bytes, { maxOutputLength: most }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      code === "ERR_BUFFER_TOO_LARGE" ? `it has more than ${mib(most)} MiB` : "it is not compressed by gzip",
    );
  });
  return parseStateHalf(text.toString("utf8"));
}
