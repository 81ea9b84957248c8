import { genSaltSync, hashSync } from "bcryptjs";

/** Rounds as a power of two; the official plugin's choice. */
const cost = 10;

/** bcrypt reads this many bytes; the official plugin cuts longer passwords. */
const maxBytes = 72;

/** The bcrypt hash (`$2a$10$…`, as Go writes it) of a text: RandomPassword has it as an output. */
export function bcrypt(text: string, salt = genSaltSync(cost)): string {
  const cut = Buffer.from(text, "utf8").subarray(0, maxBytes).toString("utf8");
  return hashSync(cut, salt.replace(/^\$2b\$/, "$2a$"));
}
