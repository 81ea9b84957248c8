import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { stateMost } from "../../plan/backup/limits.ts";
import type { StateSet } from "../../plan/backup/set.ts";
import type { StateHalf } from "../../plan/backup/statehalf.ts";
import { CliError, describeError } from "../errors.ts";
import { unpack } from "./pack.ts";
import { bytesOf, open } from "./seal.ts";

/**
 * What is in a sealed set of state, in memory alone.
 *
 * @param listed its description as its place lists it, which must be the one inside: whoever keeps sets may write what he likes beside
 * them, but not into them.
 * @throws CliError when no key at hand opens it, or it is not what its description says.
 */
export async function openState(sealed: Readable, identities: readonly string[], listed: StateSet): Promise<StateHalf> {
  const packed = await bytesOf(await open(sealed, identities, stateMost));
  let half: StateHalf;
  try {
    half = await unpack(packed);
  } catch (error) {
    throw new CliError(`The set ${listed.id} cannot be used: ${describeError(error, false)}.`);
  }
  if (!isDeepStrictEqual(half.set, listed))
    throw new CliError(`The set ${listed.id} says inside that it is another one: take another one.`);
  return half;
}
