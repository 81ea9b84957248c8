import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { BackupSet } from "../../plan/backup/set.ts";
import { CliError, describeError } from "../errors.ts";
import { openData } from "./opendata.ts";
import { openState } from "./openstate.ts";

/** One place's copy of a set. */
export interface SealedCopy {
  /** Where it lies, for people: the name of a target, or a directory. */
  place: string;
  /** The sealed bytes. What is wrong with them shows at the stream's end at the latest. */
  read: () => Promise<Readable>;
}

/** Why a copy cannot be used, in a sentence without its end. */
export function copyProblem(id: string, { place }: SealedCopy, error: unknown): string {
  const reason = describeError(error, false).replace(/\.$/, "");
  // What restic says of a place names it already.
  return `the copy of the set ${id} on ${place} cannot be used: ${reason.replace(`Target ${place}: `, "")}`;
}

/**
 * Does something with the first copy of a set that is whole. One that cannot be fetched, opened or verified gives way to the next.
 *
 * @param use throws a CliError where the copy is at fault; anything else ends it.
 * @param onBad is told of each copy that was given up, with the sentence about it, while there are others.
 * @param signal once it is aborted, no copy is at fault.
 * @returns what it came to, and the copies that were not looked at.
 * @throws CliError that names the last copy, as `onBad` was told of the others; where there is one alone, what is wrong with it.
 */
export async function useCopy<Result>(
  id: string,
  copies: readonly SealedCopy[],
  use: (sealed: Readable) => Promise<Result>,
  onBad: (sentence: string) => void,
  signal: AbortSignal,
): Promise<{ result: Result; others: SealedCopy[] }> {
  for (const [index, copy] of copies.entries()) {
    try {
      return { result: await use(await copy.read()), others: copies.slice(index + 1) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CliError) || copies.length === 1) throw error;
      const sentence = copyProblem(id, copy, error);
      if (index === copies.length - 1) throw new CliError(`No copy of the set ${id} is left: ${sentence}.`);
      onBad(sentence);
    }
  }
  throw new CliError(`No target has the set ${id}: ./plinth backup list tells what there is.`);
}

/**
 * Opens a copy of a set and reads it to its end, without keeping anything.
 *
 * @param identities private keys of the operator.
 * @throws CliError when none of them opens it, or it is not what its description says.
 */
export async function verifyCopy(sealed: Readable, identities: readonly string[], set: BackupSet): Promise<void> {
  // Of data its end alone says that all of it is right.
  if (set.kind === "data") await finished((await openData(sealed, identities, set)).resume());
  else await openState(sealed, identities, set);
}
