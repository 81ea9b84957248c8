import type { Difference, DriftReport } from "./drift.ts";
import type { RunMark } from "./scripts.ts";

/** What a look for drift says of one host: nothing where it could not be looked at, or is not ours (any more). */
export function driftMark(
  { differences, unseen }: Pick<DriftReport, "differences" | "unseen">,
  host: string,
): RunMark[] {
  const own = differences.filter((difference) => difference.host === host);
  if (unseen.some((remark) => remark.host === host) || own.some(({ kind }) => kind === "claim")) return [];
  return [{ kind: "drift", found: own.length }];
}

/**
 * The same after an `up --heal` that is done: what it was asked to put right counts no more.
 *
 * @param report of the look that came before.
 */
export function healedMark(report: Pick<DriftReport, "differences" | "unseen" | "heal">, host: string): RunMark[] {
  const asked = new Set(report.heal);
  const isHealed = ({ bundle, kind }: Difference): boolean =>
    // A Node on another machine is for people to put right, whatever else its bundle is asked for.
    kind !== "node-machine" &&
    (bundle === undefined ? [`${host}/claim`, "roster"] : [`${host}/${bundle}`]).some((request) => asked.has(request));
  const left = report.differences.filter((difference) => difference.host !== host || !isHealed(difference));
  return driftMark({ ...report, differences: left }, host);
}
