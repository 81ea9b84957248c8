import { drillPhases, type DrillPhase } from "../../plan/backup/drill.ts";
import type { KindCount } from "../../plan/backup/drillkinds.ts";
import { ageText } from "../../plan/networkcheck/record.ts";
import { formatTable } from "./table.ts";

/** What is shown of a drill, see cli/drill/run.ts. */
interface ShownDrill {
  set: string | undefined;
  state: string | undefined;
  ageSeconds: number | undefined;
  seconds: Partial<Record<DrillPhase, number>> & { total: number };
  kinds: Record<string, KindCount>;
  sample: { same: number; changed: number } | undefined;
  secrets: { served: number; encrypted: boolean } | undefined;
  result: "ok" | "failed";
}

/** Kinds of which each has a row; the others are added up. */
const mostRows = 12;

function kindLines(kinds: ShownDrill["kinds"]): string[] {
  const all = Object.entries(kinds).toSorted(([, a], [, b]) => b.stored - a.stored);
  if (all.length === 0) return [];
  const differs = ([, { stored, served }]: (typeof all)[number]): boolean => stored !== served;
  const shown = [...all.filter(differs), ...all.filter((one) => !differs(one)).slice(0, mostRows)];
  const rest = all.filter((one) => !shown.includes(one));
  const sum = rest.reduce((total, [, { stored }]) => total + stored, 0);
  return formatTable([
    ["KIND", "IN ETCD", "SERVED"],
    ...shown.map(([kind, { stored, served }]) => [kind, String(stored), served === undefined ? "-" : String(served)]),
    ...(rest.length === 0 ? [] : [[`${rest.length} more kinds`, String(sum), String(sum)]]),
  ]);
}

/** A drill as plain sentences, without its problems. */
export function drillLines(report: ShownDrill): string[] {
  const { set, state, ageSeconds, seconds, sample, secrets, result, kinds } = report;
  const lines: string[] = [];
  if (set !== undefined) {
    const age = ageSeconds === undefined ? "" : `, which is ${ageText(ageSeconds)} old`;
    lines.push(`Set of data: ${set}${age}.`);
  }
  if (state !== undefined) lines.push(`Set of state: ${state}.`);
  lines.push(...kindLines(kinds));
  if (secrets !== undefined && secrets.served > 0) lines.push(`${secrets.served} Secrets were decrypted.`);
  if (sample !== undefined)
    lines.push(
      `${sample.same} objects are the same as in the cluster; ${sample.changed} more were looked at, and have changed since.`,
    );
  const parts = drillPhases.flatMap((name) => (seconds[name] === undefined ? [] : [`${name} ${seconds[name]} s`]));
  const detail = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  lines.push(
    result === "ok"
      ? `The drill was good: the set can be restored. It took ${seconds.total} s${detail}.`
      : `The drill failed after ${seconds.total} s${detail}.`,
  );
  return lines;
}
