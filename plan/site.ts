import { matchesGlob } from "node:path";
import type { RawConfig } from "./rawconfig.ts";

/** A stack of a site: a cluster's, or a pool's. */
export interface SiteStack {
  name: string;
  /** The stack whose cluster a pool joins: its name within the project, else the fully qualified one. */
  joins?: string;
}

/** The stack whose cluster a stack joins, as `SiteStack.joins`; undefined for a cluster's own. */
export function joinedStack(config: RawConfig, projectName: string): string | undefined {
  const whole = config["clusterStack"];
  if (typeof whole !== "string" || whole === "") return undefined;
  const [, project, name, ...more] = whole.split("/");
  return project === projectName && name !== undefined && more.length === 0 ? name : whole;
}

/**
 * The stacks that patterns stand for, each once.
 *
 * @param patterns separated by commas: names, in which `*` and `?` match.
 * @param known names of all stacks.
 * @returns `unmatched`: patterns that no stack has.
 */
export function chooseStacks(patterns: string, known: readonly string[]): { chosen: string[]; unmatched: string[] } {
  const wanted = patterns.split(",").map((pattern) => pattern.trim());
  const matching = (pattern: string): string[] => known.filter((name) => matchesGlob(name, pattern));
  return {
    chosen: [...new Set(wanted.flatMap(matching))],
    unmatched: wanted.filter((pattern) => matching(pattern).length === 0),
  };
}

/** How a stack's turn ended. */
export type Turn = { name: string; code: number } | { name: string; leftOut: string };

/**
 * What can begin now. A run that changes something begins with clusters; a pool follows its own cluster, if that is among
 * them, and is left out when that has failed.
 *
 * @param begun names of those that have begun, `over` among them.
 */
export function nextTurns(
  stacks: readonly SiteStack[],
  begun: ReadonlySet<string>,
  over: readonly Turn[],
  inOrder: boolean,
): { ready: string[]; leftOut: { name: string; leftOut: string }[] } {
  const names = new Set(stacks.map(({ name }) => name));
  const ready: string[] = [];
  const leftOut: { name: string; leftOut: string }[] = [];
  for (const { name, joins } of stacks) {
    if (begun.has(name)) continue;
    if (!inOrder || joins === undefined || !names.has(joins)) {
      ready.push(name);
      continue;
    }
    const cluster = over.find((turn) => turn.name === joins);
    if (cluster === undefined) continue;
    if ("code" in cluster && cluster.code === 0) ready.push(name);
    else leftOut.push({ name, leftOut: joins });
  }
  return { ready, leftOut };
}

/** The worse comes first: the exit code of several runs is that of the worst. */
const severity = [130, 1, 3, 2, 4, 0];

/** One exit code for all. A stack that was left out has not made it worse than what it was left out for. */
export function exitCodeOfAll(turns: readonly Turn[]): number {
  const rank = (code: number): number => {
    const index = severity.indexOf(code);
    return index === -1 ? severity.indexOf(1) : index;
  };
  const codes = turns.flatMap((turn) => ("code" in turn ? [turn.code] : []));
  return severity[Math.min(...codes.map(rank), severity.length - 1)] ?? 1;
}
