import type { Readable } from "node:stream";
import type { BackupSet } from "../../plan/backup/set.ts";

/** A set that a store has: its description, or why that cannot be read. */
export type ListedSet = {
  id: string;
  /** Where it lies, for people: the name of a target, or a directory. */
  place: string;
} & ({ set: BackupSet } | { problem: string });

/** Where sets lie. It never has anything in clear but their descriptions. */
export interface SetStore {
  list(): Promise<ListedSet[]>;
  /** The sealed bytes. @throws Error when there is no such set. */
  read(id: string): Promise<Readable>;
  /** Once it resolves, the set is there whatever happens next; when it rejects, the store lists no half of it. */
  write(set: BackupSet, sealed: Readable): Promise<void>;
}
