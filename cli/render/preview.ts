import { countChanges, type PlannedStep, type RunEvents } from "../pulumi/events.ts";
import { bundleDiff, newLines } from "./bundle-diff.ts";
import { displayNameOf, formatDisplayName } from "./display-name.ts";
import { isPartOfCertificate, isProvider, wordingOf } from "./steps.ts";
import type { Terminal } from "./terminal.ts";

/** One planned change, as `--json` prints it. */
export interface PlannedChange {
  op: string;
  urn: string;
  type: string;
  /** For example `etcd`. */
  what: string;
  host?: string;
  /** Changed lines, with `--diff`; all lines of what is new. Secrets are never in it. */
  diff?: string[];
}

const COMMAND = "command:remote:Command";

function diffOf(step: PlannedStep): string[] | undefined {
  const { metadata } = step;
  // The engine's events say null where the SDK's types know only of absence.
  const [old, now] = [metadata.old ?? undefined, metadata.new ?? undefined];
  if (metadata.type !== COMMAND || now === undefined) return undefined;
  if (old === undefined) return step.op === "create" ? newLines(now.inputs) : undefined;
  const paths = [...Object.keys(metadata.detailedDiff ?? {}), ...(metadata.diffs ?? []), ...(metadata.keys ?? [])];
  return bundleDiff(old.inputs, now.inputs, paths);
}

/** The changes users care about, in the engine's order: no components, and a replacement once. */
export function plannedChanges(events: RunEvents, hosts: readonly string[], withDiff: boolean): PlannedChange[] {
  return events.planned
    .filter(
      ({ op, custom, urn }) => custom && !isProvider(urn) && op !== "create-replacement" && op !== "delete-replaced",
    )
    .map((step) => {
      const { what, host } = displayNameOf(step.urn, hosts);
      const diff = withDiff ? diffOf(step) : undefined;
      return {
        op: step.op,
        urn: step.urn,
        type: step.metadata.type,
        what,
        ...(host === undefined ? {} : { host }),
        ...(diff === undefined ? {} : { diff }),
      };
    });
}

/** `3 to update, 1 to delete`, or `no changes`. */
export function changeCounts(changes: readonly { op: string }[]): string {
  const counts = new Map<string, number>();
  for (const { op } of changes) counts.set(wordingOf(op).plan, (counts.get(wordingOf(op).plan) ?? 0) + 1);
  return counts.size === 0 ? "no changes" : [...counts].map(([op, count]) => `${count} to ${op}`).join(", ");
}

function paintDiff(line: string, terminal: Pick<Terminal, "paint">): string {
  if (line.startsWith("+")) return terminal.paint("green", line);
  if (line.startsWith("-")) return terminal.paint("red", line);
  return line.startsWith("@@") ? terminal.paint("cyan", line) : line;
}

/** So many lines are shown again, on each host that gets the same. Of more it is said where they stand: a role comes to hundreds of hosts. */
const shownAgain = 4;

/** The lines of a preview; `waves` tells the order, one line each. */
export function previewLines(
  events: RunEvents,
  changes: readonly PlannedChange[],
  terminal: Pick<Terminal, "paint">,
  waves: readonly string[] = [],
): string[] {
  const lines: string[] = [];
  const shown = new Map<string, string>();
  for (const change of changes.filter(({ urn }) => !isPartOfCertificate(urn))) {
    const { sign, plan, style } = wordingOf(change.op);
    const name = formatDisplayName({ what: change.what, host: change.host });
    lines.push(`  ${terminal.paint(style, sign)} ${plan} ${name}`);
    const { diff = [] } = change;
    const text = diff.join("\n");
    const first = shown.get(text);
    if (first === undefined && diff.length > shownAgain) shown.set(text, name);
    if (first === undefined) lines.push(...diff.map((line) => `      ${paintDiff(line, terminal)}`));
    else lines.push(`      (the same lines as of ${first})`);
  }
  lines.push(...waves.map((line) => `  ${line}`));
  const hidden = changes.length === 0 ? countChanges(events.changes) : 0;
  lines.push(
    hidden > 0 ? `${hidden} to change in the state only, nothing on hosts.` : `Plan: ${changeCounts(changes)}.`,
  );
  return lines;
}
