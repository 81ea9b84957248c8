import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open as openFile, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseSet, type BackupSet } from "../../plan/backup/set.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { ListedSet, SetStore } from "./store.ts";

const described = ".json";
const sealedEnd = ".age";

/** Sets as plain files of a directory: `ID.age`, which `age -d` opens, and beside it its description `ID.json`. */
export class DirectoryStore implements SetStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async list(): Promise<ListedSet[]> {
    let names: string[];
    try {
      names = await readdir(this.#path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CliError(`The directory ${this.#path} cannot be read (${code ?? String(error)}).`, Exit.badInput);
    }
    const ids = names.filter((name) => name.endsWith(described)).map((name) => name.slice(0, -described.length));
    return Promise.all(ids.sort().map((id) => this.#describe(id)));
  }

  read(id: string): Promise<Readable> {
    return new Promise((resolve, reject) => {
      const stream = createReadStream(join(this.#path, `${id}${sealedEnd}`));
      stream.once("open", () => {
        resolve(stream);
      });
      stream.once("error", (error: NodeJS.ErrnoException) => {
        reject(new CliError(`The set ${id} cannot be read from ${this.#path} (${error.code ?? error.message}).`));
      });
    });
  }

  async write(set: BackupSet, sealed: Readable): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    await this.#put(`${set.id}${sealedEnd}`, (path) =>
      pipeline(sealed, createWriteStream(path, { mode: 0o600, flush: true })),
    );
    // Last: a set is there once it is described.
    await this.#put(`${set.id}${described}`, async (path) => {
      await using file = await openFile(path, "wx", 0o600);
      await file.writeFile(`${JSON.stringify(set, undefined, 1)}\n`);
      await file.sync();
    });
  }

  async #describe(id: string): Promise<ListedSet> {
    const place = this.#path;
    try {
      const set = parseSet(await readFile(join(this.#path, `${id}${described}`), "utf8"));
      if (set.id !== id) return { id, place, problem: `it describes the set ${set.id}` };
      return { id, place, set };
    } catch (error) {
      return { id, place, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  async #put(name: string, make: (path: string) => Promise<void>): Promise<void> {
    const draft = join(this.#path, `.${name}.${process.pid}`);
    try {
      await make(draft);
      await rename(draft, join(this.#path, name));
    } finally {
      await rm(draft, { force: true });
    }
    await using directory = await openFile(this.#path, "r");
    await directory.sync();
  }
}
