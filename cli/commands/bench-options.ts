import { InvalidArgumentError, Option } from "commander";
import { Exit } from "../exit.ts";

export const fileOption = (): Option => new Option("--json <file>", "write the measurements there, too, as JSON");

/** Exit codes of all benches. */
export const benchCodes = [
  [Exit.done, "everything was measured"],
  [Exit.failed, "something that was to be measured has failed; the table says what"],
  [Exit.badInput, "command line not valid"],
  [Exit.interrupted, "interrupted"],
] as const;

export function parseTimes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number of 1 or more.");
  return value;
}

/** A signal that Ctrl-C gives. */
export function interruption(): AbortSignal {
  const stopping = new AbortController();
  process.on("SIGINT", () => {
    stopping.abort();
  });
  return stopping.signal;
}
