import { printable } from "../printable.ts";
import { timeOfId } from "./listing.ts";

/** What became of a set on one target. */
export type TargetResult =
  /** `stored`: just now; `there`: it was there already. */
  { target: string; outcome: "stored" | "there"; id: string } | { target: string; outcome: "failed"; reason: string };

/**
 * What scripts/backup/ printed: a line for each target. Other lines are remarks of what it runs.
 *
 * @param targets names that may stand in it.
 */
export function parseResults(text: string, targets: readonly string[]): TargetResult[] {
  return text.split("\n").flatMap((line): TargetResult[] => {
    const [outcome = "", target = "", ...rest] = line.split(" ");
    if (!targets.includes(target)) return [];
    const said = rest.join(" ");
    if (outcome === "failed") return [{ target, outcome, reason: printable(said, 300) }];
    if ((outcome === "stored" || outcome === "there") && timeOfId(said) !== undefined)
      return [{ target, outcome, id: said }];
    return [];
  });
}
