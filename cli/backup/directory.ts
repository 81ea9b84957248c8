import { constants, createWriteStream } from "node:fs";
import { mkdir, open as openFile, opendir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isTimely, mostSets, tooMany, untimely } from "../../plan/backup/listing.ts";
import { longestDescription, parseSet, tooLong, type BackupSet } from "../../plan/backup/set.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { SealedCopy } from "./copies.ts";
import type { ListedSet, SetStore } from "./store.ts";

const described = ".json";
const sealedEnd = ".age";

/** Sets as plain files of a directory: `ID.age`, which `age -d` opens, and beside it its description `ID.json`. */
export class DirectoryStore implements SetStore {
  readonly #path: string;
  readonly #most: number;

  /** @param most sets that are listed. */
  constructor(path: string, most: number = mostSets) {
    this.#path = path;
    this.#most = most;
  }

  async list(): Promise<ListedSet[]> {
    const ids: string[] = [];
    try {
      for await (const { name } of await opendir(this.#path)) {
        if (!name.endsWith(described)) continue;
        ids.push(name.slice(0, -described.length));
        if (ids.length > this.#most) throw new CliError(`The directory ${this.#path}: ${tooMany(this.#most).message}.`);
      }
    } catch (error) {
      if (error instanceof CliError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new CliError(`The directory ${this.#path} cannot be read (${code ?? String(error)}).`, Exit.badInput);
    }
    const listed: ListedSet[] = [];
    // One after the other: there are fewer file descriptors than sets.
    for (const id of ids.sort()) listed.push(await this.#describe(id));
    return listed;
  }

  copies({ id }: Pick<BackupSet, "id">): Promise<SealedCopy[]> {
    return Promise.resolve([{ place: this.#path, read: () => this.#read(id) }]);
  }

  async #read(id: string): Promise<Readable> {
    try {
      return (await openRegular(join(this.#path, `${id}${sealedEnd}`))).createReadStream();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CliError(`The set ${id} cannot be read from ${this.#path} (${code ?? message}).`);
    }
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
      const set = parseSet(await firstOf(join(this.#path, `${id}${described}`)));
      if (set.id !== id) return { id, place, problem: `it describes the set ${set.id}` };
      return { id, place, ...(isTimely(set) ? { set } : untimely) };
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

/** Opens a file to be read. @throws Error when it is none: another kind of file would be waited for. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error(`${basename(path)} is no file`);
}

/** The text of a small file. */
async function firstOf(path: string): Promise<string> {
  await using file = await openRegular(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(longestDescription + 1), 0, longestDescription + 1, 0);
  if (bytesRead > longestDescription) throw tooLong();
  return buffer.toString("utf8", 0, bytesRead);
}
