import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { DirectoryStore } from "../../cli/backup/directory.ts";
import { seal } from "../../cli/backup/seal.ts";
import type { SetsOfTargets } from "../../cli/restore/target-source.ts";
import type { BackupSet, DataSet } from "../../plan/backup/set.ts";
import { dataSet } from "./backup.ts";

/** A set of data of some bytes. */
export function dataSetOf(snapshot: Buffer, time?: string, extra: Partial<DataSet> = {}): DataSet {
  const sha256 = createHash("sha256").update(snapshot).digest("hex");
  return dataSet(time, { bytes: snapshot.length, sha256, ...extra });
}

/** What is sealed of a set of data. */
export function packedData(set: DataSet, snapshot: Buffer): Buffer {
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(set)}\n`), snapshot]));
}

/** Targets that are folders on this machine, one in each folder of a folder, in the order of their names. */
export class DirectoryTargets implements SetsOfTargets {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #names(): string[] {
    return readdirSync(this.#folder).sort();
  }

  async put(target: string, set: BackupSet, packed: Buffer, recipient: string): Promise<void> {
    await new DirectoryStore(join(this.#folder, target)).write(set, await seal(Readable.from([packed]), [recipient]));
  }

  async list() {
    const [first = ""] = this.#names();
    return new DirectoryStore(join(this.#folder, first)).list();
  }

  listing() {
    return Promise.resolve({ sets: [], problems: [] });
  }

  async copies(set: BackupSet) {
    const having = this.#names().filter((name) => existsSync(join(this.#folder, name, `${set.id}.json`)));
    const found = having.map(async (place) => {
      const copies = await new DirectoryStore(join(this.#folder, place)).copies(set);
      return copies.map((copy) => ({ ...copy, place }));
    });
    return (await Promise.all(found)).flat();
  }
}
