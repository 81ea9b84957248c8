import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { parseSet, type BackupSet } from "./set.ts";

/**
 * The most sets that a place may have to be listed: seventy days of sets every five minutes that nobody has pruned. More are somebody's
 * who wants this machine to run out of memory.
 */
export const mostSets = 20_000;

/** A set as a repository lists it, without being opened. */
export interface SnapshotOfSet {
  id: string;
  kind: BackupSet["kind"];
  /** ISO 8601, of `id`. */
  time: string;
  clusterId: string;
  /** Of what is stored, sealed; undefined where restic does not tell. */
  bytes: number | undefined;
  /** The repository's own name for it. */
  snapshot: string;
  /** Its description, or why there is none. */
  set: BackupSet | { problem: string };
}

const snapshotSchema = z.array(
  z.object({
    id: z.string().regex(/^[0-9a-f]{64}$/),
    tags: z.array(z.string()).default([]),
    summary: z.object({ total_bytes_processed: z.int().min(0).optional() }).optional(),
  }),
);

/** `20261129T210000Z-cp1` → `2026-11-29T21:00:00Z`; undefined for what is no id. */
export function timeOfId(id: string): string | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[A-Za-z0-9._-]+$/.exec(id);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

/**
 * The sets in what `restic snapshots --json` printed, oldest first. Snapshots without our tags are others'.
 *
 * @param most of them; see {@link mostSets}.
 * @throws Error with a sentence when it is no such list, or too long.
 */
export function parseListing(json: string, most: number = mostSets): SnapshotOfSet[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error("restic's list of snapshots is not JSON", { cause: error });
  }
  const parsed = snapshotSchema.safeParse(value);
  if (!parsed.success) throw new Error("restic's list of snapshots makes no sense", { cause: parsed.error });
  if (parsed.data.length > most) throw tooMany(most);
  return parsed.data
    .flatMap(({ id: snapshot, tags, summary }): SnapshotOfSet[] => {
      const told = new Map(tags.map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]));
      const [kind, id, clusterId] = [told.get("kind"), told.get("id"), told.get("cluster")];
      const time = id === undefined ? undefined : timeOfId(id);
      if (id === undefined || time === undefined || clusterId === undefined) return [];
      if (kind !== "data" && kind !== "state") return [];
      const set = describedBy(told.get("set"), { id, kind, clusterId });
      return [{ id, kind, time, clusterId, bytes: summary?.total_bytes_processed, snapshot, set }];
    })
    .toSorted(byTime);
}

/** Of a place with more sets than it may have. */
export function tooMany(most: number): Error {
  return new Error(`there are more than ${most} sets: delete old ones, on targets by ./plinth backup prune`);
}

/** Whether the two times of a set are one: by the one it is listed and kept, by the other it is chosen. */
export function isTimely({ id, time }: Pick<BackupSet, "id" | "time">): boolean {
  return Date.parse(timeOfId(id) ?? "") === Date.parse(time);
}

/** Of a set whose times differ. */
export const untimely = { problem: "its id and its description tell different times" };

/** What a tag says of a set, which must say the same as the others. */
function describedBy(
  tag: string | undefined,
  told: Pick<SnapshotOfSet, "id" | "kind" | "clusterId">,
): SnapshotOfSet["set"] {
  if (tag === undefined) return { problem: "it has no description" };
  try {
    const set = parseSet(Buffer.from(tag, "base64").toString("utf8"));
    if (set.id !== told.id || set.kind !== told.kind || set.clusterId !== told.clusterId)
      return { problem: "its description is that of another set" };
    return isTimely(set) ? set : untimely;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

export function byTime(one: Pick<SnapshotOfSet, "time" | "id">, other: Pick<SnapshotOfSet, "time" | "id">): number {
  return Date.parse(one.time) - Date.parse(other.time) || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

/** Where a set is. */
export interface Copy {
  /** Name of a place, e.g. `vault`, or `disk on cp1`. */
  place: string;
  snapshot: string;
}

/** A set, and all places that have it. */
export interface FoundSet extends Omit<SnapshotOfSet, "snapshot"> {
  copies: Copy[];
}

/**
 * The sets of a cluster over all places, oldest first. Copies whose descriptions differ are different sets, though they are called alike:
 * whoever may add to one place must not speak for another.
 *
 * @param clusterId undefined: of all clusters.
 */
export function mergeListings(
  listings: ReadonlyMap<string, readonly SnapshotOfSet[]>,
  clusterId: string | undefined,
): FoundSet[] {
  const found = new Map<string, FoundSet[]>();
  for (const [place, sets] of listings) {
    for (const { snapshot, ...set } of sets) {
      if (clusterId !== undefined && set.clusterId !== clusterId) continue;
      const key = `${set.clusterId} ${set.kind} ${set.id}`;
      const namesakes = found.get(key) ?? [];
      found.set(key, namesakes);
      // The description of one copy may be unreadable: another one stands for it.
      const known = namesakes.find(
        (one) => "problem" in one.set || "problem" in set.set || isDeepStrictEqual(one.set, set.set),
      );
      if (known === undefined) namesakes.push({ ...set, copies: [{ place, snapshot }] });
      else {
        if ("problem" in known.set) known.set = set.set;
        known.copies.push({ place, snapshot });
      }
    }
  }
  return [...found.values()].flat().toSorted(byTime);
}
