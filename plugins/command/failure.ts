import { isSecret, plain, type PropertyMap, type PropertyValue, text as textOf } from "../provider/values.ts";
import { outputTail } from "./output.ts";

const LONGEST_COMMAND = 120;
/** Shorter pieces of a secret are left alone: they would blot out ordinary words. */
const SHORTEST_SECRET = 12;

/** A command that ended with something else than success. */
export interface Failure {
  /** Such as `Process exited with status 3`. */
  outcome: string;
  /** Where it ran. */
  host: string;
  /** The command's input as it came, secret mark included. */
  command: PropertyValue;
  stderr: string;
  /** Both streams in the order in which they came. */
  combined: string;
}

/**
 * The error of a failed command. It shows the command's first line, not a whole script, and the end of what it printed:
 * both streams, or stderr alone with `logging: none`, where stdout is for machines. Secrets are masked.
 */
export function commandError(failure: Failure, inputs: PropertyMap): Error {
  const output = inputs["logging"] === "none" ? failure.stderr : failure.combined;
  const tail = outputTail(output, secretPieces(inputs));
  const title = `${failure.outcome}: running ${shortCommand(failure.command)} on host ${failure.host}`;
  return new Error(tail === "" ? `${title} (it printed nothing)` : `${title}:\n${tail}`);
}

function shortCommand(command: PropertyValue): string {
  if (isSecret(command)) {
    return "a secret command";
  }
  const whole = textOf(command).trim();
  const first = (whole.split("\n")[0] ?? "").slice(0, LONGEST_COMMAND);
  return JSON.stringify(first.length < whole.length ? `${first}…` : first);
}

/** Lines of secret inputs, longest first. */
function secretPieces(inputs: PropertyMap): string[] {
  const secrets = [inputs["stdin"], inputs["environment"]].filter((value) => value !== undefined && isSecret(value));
  return secrets
    .flatMap((value) => {
      const bare = plain(value ?? null);
      return typeof bare === "string" ? bare.split("\n") : Object.values(bare ?? {}).map(textOf);
    })
    .map((piece) => piece.trim())
    .filter((piece) => piece.length >= SHORTEST_SECRET)
    .sort((left, right) => right.length - left.length);
}
