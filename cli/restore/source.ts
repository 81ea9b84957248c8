import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { DataSet } from "../../plan/backup/set.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** A snapshot of etcd as a file on this machine. */
export interface LocalSnapshot {
  path: string;
  /** What it is called in sentences. */
  name: string;
  /** When it was made, milliseconds since the epoch. */
  time: number;
  /** Its description, where it comes from a backup. */
  set?: DataSet;
  /** Removes what was made for it. */
  close: () => Promise<void>;
}

/** Where a snapshot comes from. */
export interface SnapshotSource {
  /** Brings it to this machine, where it is not. */
  open: () => Promise<LocalSnapshot>;
}

/** A file of the operator's, as `etcdctl snapshot save` makes it. It says nothing about its time: the file's counts. */
export function fileSource(file: string): SnapshotSource {
  const path = resolve(file);
  return {
    open: async () => {
      const info = await stat(path).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new CliError(`There is no snapshot ${file} (${reason}).`, Exit.badInput);
      });
      if (!info.isFile()) throw new CliError(`The snapshot ${file} is no file.`, Exit.badInput);
      return { path, name: file, time: info.mtimeMs, close: () => Promise.resolve() };
    },
  };
}
