import type { Readable } from "node:stream";
import type { BackupSet } from "../../plan/backup/set.ts";
import type { SealedCopy } from "./copies.ts";

/** A set that a store has: its description, or why that cannot be read. */
export type ListedSet = {
  id: string;
  /** Where it lies, for people: the name of a target, or a directory. */
  place: string;
} & ({ set: BackupSet } | { problem: string });

/** Where sets lie. It never has anything in clear but their descriptions. */
export interface SetStore {
  list(): Promise<ListedSet[]>;
  /** All copies of a set, in the order in which they are tried. */
  copies(set: BackupSet): Promise<SealedCopy[]>;
  /** Once it resolves, the set is there whatever happens next; when it rejects, the store lists no half of it. */
  write(set: BackupSet, sealed: Readable): Promise<void>;
}
