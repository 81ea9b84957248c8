import type { TargetResult } from "./result.ts";
import type { BackupTarget } from "./settings.ts";

/** What became of a set over all members and targets. */
export interface Outcome {
  /** Its id; undefined where no target has it. */
  id: string | undefined;
  /** Names of the targets that have it. */
  stored: string[];
  /** One sentence for each target or member that failed. */
  problems: string[];
}

/**
 * What the answers of members come to. Each member has directories of its own; of a target that they share one answer is enough.
 *
 * @param answers of members, in the order in which they were asked.
 */
export function outcomeOf(
  answers: readonly { host: string; results: readonly TargetResult[]; error?: string }[],
  targets: readonly BackupTarget[],
): Outcome {
  const results = answers.flatMap(({ host, results }) => results.map((result) => ({ host, ...result })));
  const has = (name: string): boolean => results.some(({ target, outcome }) => target === name && outcome !== "failed");
  const stored = targets.map(({ name }) => name).filter(has);
  const failed = results.flatMap((result) => {
    if (result.outcome !== "failed") return [];
    const { host, target, reason } = result;
    const own = targets.some(({ name, directory }) => name === target && directory !== undefined);
    return own || !has(target) ? [`target ${target}, as ${host} sees it: ${reason}`] : [];
  });
  const silent = targets
    .map(({ name }) => name)
    .filter((name) => !results.some(({ target }) => target === name))
    .map((name) => `target ${name}: no member has given it a set`);
  const unreached = answers.flatMap(({ host, error }) => (error === undefined ? [] : [`${host}: ${error}`]));
  return {
    id: results.flatMap((result) => (result.outcome === "failed" ? [] : [result.id])).at(-1),
    stored,
    problems: [...failed, ...silent, ...(silent.length > 0 || stored.length < targets.length ? unreached : [])],
  };
}
