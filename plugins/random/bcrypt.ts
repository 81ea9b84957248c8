import { genSaltSync, hashSync } from "bcryptjs";

/** Rounds as a power of two; the official plugin's choice. It takes 75 ms of this process, which has one thread. */
const cost = 10;

/** The least that bcrypt has, for texts that nobody can guess anyway. */
const leastCost = 4;
/** Bits of randomness from which on guessing is hopeless however fast one guess is. */
const unguessable = 100;

/** bcrypt reads this many bytes; the official plugin cuts longer passwords. */
const maxBytes = 72;

/**
 * The bcrypt hash (`$2a$10$…`, as Go writes it) of a text that has `bits` of randomness: RandomPassword has it as an output.
 * Long random texts are hashed at the least cost: a cluster has one for each worker.
 */
export function randomTextHash(text: string, bits: number): string {
  return bcrypt(text, genSaltSync(bits >= unguessable ? leastCost : cost));
}

/** The bcrypt hash of a text with a salt, in Go's form. */
export function bcrypt(text: string, salt = genSaltSync(cost)): string {
  const cut = Buffer.from(text, "utf8").subarray(0, maxBytes).toString("utf8");
  return hashSync(cut, salt.replace(/^\$2b\$/, "$2a$"));
}
