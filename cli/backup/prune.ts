import { setsToForget } from "../../plan/backup/retention.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import { CliError } from "../errors.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import { forgetSets, type Restic } from "./repository.ts";
import type { TargetStore } from "./targetstore.ts";

export interface PruneReport {
  /** Place → ids of sets that are not there any more. */
  deleted: Record<string, string[]>;
  problems: string[];
  agreed: boolean;
}

/**
 * Deletes what is not kept, place by place: one that fails does not keep it from the others.
 *
 * @param store with `listToPrune` for limits (limits.ts).
 */
export async function pruneSets(
  store: TargetStore,
  restic: Restic,
  {
    settings,
    terminal,
    ask,
    signal,
  }: { settings: BackupSettings; terminal: Terminal; ask: boolean; signal: AbortSignal },
): Promise<PruneReport> {
  const { sets, problems } = await store.listing();
  const now = Date.now();
  const plans = store.places.map((place) => {
    const there = sets.flatMap(({ copies, ...set }) => {
      // More than one where a member was killed before it heard that it had stored the first.
      const snapshots = copies.flatMap((copy) => (copy.place === place.name ? [copy.snapshot] : []));
      return snapshots.length === 0 ? [] : [{ ...set, snapshots }];
    });
    return { place, going: setsToForget(there, settings.keep, now), count: there.length };
  });
  const reached = plans.filter(({ place }) => !problems.some((problem) => problem.startsWith(`Target ${place.name}:`)));
  for (const { place, going, count } of reached)
    terminal.note(
      `${place.name}: ${going.length} of ${count} sets go${going.length > 0 ? `, up to ${going.at(-1)?.id ?? ""}` : ""}`,
    );
  const anything = reached.some(({ going }) => going.length > 0);
  if (anything && ask && !(await confirm("Delete them?", signal))) return { deleted: {}, problems, agreed: false };
  const report: PruneReport = { deleted: {}, problems: [...problems], agreed: true };
  for (const { place, going } of reached) {
    try {
      await forgetSets(
        restic,
        place,
        going.flatMap(({ snapshots }) => snapshots),
      );
      report.deleted[place.name] = going.map(({ id }) => id);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      report.problems.push(error.message);
    }
  }
  return report;
}
