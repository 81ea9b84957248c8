import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { localMode, parseFileHead, type FileHead } from "../../plan/adhoc/copying.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** A file of this machine that is to go to hosts. */
export interface LocalFile {
  path: string;
  sha256: string;
  /** Octal digits: what others than its owner may do is as it is here, without setuid and the like. */
  mode: string;
}

/** @throws CliError (bad input) where it cannot be read, or is no file. */
export async function readLocalFile(path: string): Promise<LocalFile> {
  try {
    const status = await stat(path);
    if (!status.isFile()) {
      throw new CliError(`${path} is not a file: copy file by file, or pack it by tar.`, Exit.badInput);
    }
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return { path, sha256: hash.digest("hex"), mode: (status.mode & 0o777).toString(8).padStart(4, "0") };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`${path} cannot be read: ${reason}.`, Exit.badInput, { cause: error });
  }
}

/** Whether a path of this machine is a directory; what is not there is none. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The longest line in front of a file; login shells print more in front of that. */
const longestHead = 64 * 1024;

/** Takes a file from a host as it comes: beside its place, into which it moves once it is known to be whole. */
export class IncomingFile {
  readonly #path: string;
  readonly #mode: number | undefined;
  readonly #temporary: string;
  readonly #hash = createHash("sha256");
  #before = Buffer.alloc(0);
  #head: FileHead | undefined;
  #written = 0;
  #file: number | undefined;
  #failure: Error | undefined;

  /** @param mode of the file here. Default: see `localMode`. */
  constructor(path: string, mode: number | undefined) {
    this.#path = path;
    this.#mode = mode;
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}.plinth`);
  }

  /** Written at once: a host is faster than a disk, and what waits would be in memory. Says whether more is wanted. */
  readonly add = (chunk: Buffer): boolean => {
    if (this.#failure !== undefined) return false;
    try {
      this.#take(chunk);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    return this.#failure === undefined;
  };

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (this.#head === undefined) {
      this.#before = Buffer.concat([this.#before, rest]);
      const end = this.#before.indexOf(10);
      if (end < 0 || this.#before.length > longestHead) {
        if (this.#before.length > longestHead) throw new Error("the host sends something else than a file");
        return;
      }
      rest = this.#before.subarray(end + 1);
      this.#head = parseFileHead(this.#before.toString("latin1", 0, end));
      this.#before = Buffer.alloc(0);
    }
    if (this.#file === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true });
      rmSync(this.#temporary, { force: true });
      this.#file = openSync(this.#temporary, "wx", this.#mode ?? localMode(this.#head.mode));
      // What was asked for is more than the umask lets through.
      if (this.#mode !== undefined) fchmodSync(this.#file, this.#mode);
    }
    this.#written += rest.length;
    if (this.#written > this.#head.size) throw new Error("the host sends more than it has said");
    this.#hash.update(rest);
    for (let done = 0; done < rest.length;) done += writeSync(this.#file, rest, done);
  }

  /** Puts it in its place. @throws Error with a sentence where it is not whole. */
  finish(): FileHead {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#head === undefined || this.#file === undefined) throw new Error("the host has sent no file");
    if (this.#written !== this.#head.size || this.#hash.digest("hex") !== this.#head.sha256)
      throw new Error("what came is not what was there: the file changed meanwhile, or the connection; run it again");
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
    renameSync(this.#temporary, this.#path);
    return this.#head;
  }

  /** Leaves nothing behind of a file that was not finished. */
  discard(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#temporary, { force: true });
  }
}
