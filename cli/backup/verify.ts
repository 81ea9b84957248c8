import { aheadRemark } from "../../plan/backup/choice.ts";
import type { FoundSet } from "../../plan/backup/listing.ts";
import { newestUntil } from "../../plan/backup/set.ts";
import { CliError, describeError } from "../errors.ts";
import { verifyCopy } from "./copies.ts";
import { readIdentities } from "./identity.ts";
import type { Place } from "./places.ts";
import { checkPlace, readSet, type Restic } from "./repository.ts";
import type { TargetStore } from "./targetstore.ts";

export interface VerifyReport {
  /** Sentences about what is whole. */
  good: string[];
  problems: string[];
}

/** What cannot be used is a result, too. */
async function reported(report: VerifyReport, what: string, work: () => Promise<string>): Promise<void> {
  try {
    report.good.push(await work());
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "AbortError") throw error;
    const reason = describeError(error, false);
    report.problems.push(reason.startsWith("Target ") ? reason : `${what}: ${reason}`);
  }
}

/** The operator's keys; undefined, and a problem, where there are none: what targets have can be read back without. */
function keysAtHand(report: VerifyReport): string[] | undefined {
  try {
    return readIdentities();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    report.problems.push(error.message);
    return undefined;
  }
}

/** Opens one copy of a set, and compares what is in it with what it says. */
async function openCopy(
  restic: Restic,
  place: Place,
  snapshot: string,
  set: FoundSet,
  identities: readonly string[],
): Promise<void> {
  if ("problem" in set.set) throw new CliError(`The set ${set.id} cannot be used: ${set.set.problem}.`);
  await verifyCopy(readSet(restic, place, snapshot), identities, set.set);
}

/** The newest set of each half of a place; a half without one that could be it is a problem. */
function newestOf(place: Place, there: readonly FoundSet[], report: VerifyReport): FoundSet[] {
  const now = Date.now();
  return (["data", "state"] as const).flatMap((kind) => {
    const ofKind = there.filter((set) => set.kind === kind);
    const newest = newestUntil(ofKind, now);
    if (newest !== undefined) return [newest];
    // The set of data that members have just made is in the directory of one of them until the next look.
    if (ofKind.length === 0 && place.host !== undefined) return [];
    const passed = aheadRemark(ofKind, now, "./plinth backup verify ID");
    report.problems.push(`${place.name}: there is no set of ${kind} to open${passed}`);
    return [];
  });
}

/**
 * Reads back what all places have, and opens the newest set of each half on each of them, or the set that was named.
 *
 * @param read how much of the stored data is read, e.g. `10%`.
 */
export async function verifySets(
  store: TargetStore,
  restic: Restic,
  { id, read }: { id: string | undefined; read: string },
): Promise<VerifyReport> {
  const { sets, problems } = await store.listing();
  const report: VerifyReport = { good: [], problems: [...problems] };
  const identities = keysAtHand(report);
  if (id !== undefined && !sets.some((set) => set.id === id)) {
    report.problems.push(`No target has the set ${id}: ./plinth backup list tells what there is.`);
  }
  const reached = store.places.filter(({ name }) => !problems.some((text) => text.startsWith(`Target ${name}:`)));
  for (const place of reached) {
    const there = sets.filter(({ copies }) => copies.some((copy) => copy.place === place.name));
    if (id === undefined) {
      await reported(report, place.name, async () => {
        await checkPlace(restic, place, read);
        return `${place.name}: the repository is whole, ${there.length} sets`;
      });
    }
    if (id === undefined && there.length === 0) {
      report.problems.push(`${place.name}: there is no set of this cluster`);
      continue;
    }
    const opened = id === undefined ? newestOf(place, there, report) : there.filter((set) => set.id === id);
    for (const set of identities === undefined ? [] : opened) {
      const snapshot = set.copies.find((copy) => copy.place === place.name)?.snapshot ?? "";
      await reported(report, place.name, async () => {
        await openCopy(restic, place, snapshot, set, identities ?? []);
        return `${place.name}: the set ${set.id} (${set.kind}) opens, and is what it says`;
      });
    }
  }
  return report;
}
