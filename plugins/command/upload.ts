import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import type { SFTPWrapper, Stats } from "ssh2";
import { errorText } from "../provider/errors.ts";

const NO_SUCH_FILE = 2;

export type Source = { text: string } | { path: string };

/**
 * Copies a text, a file or a folder to `destination`. Parent folders are made, files are overwritten, nothing is removed.
 *
 * | source  | destination is a folder    | does not exist       | is a file   |
 * | ------- | -------------------------- | -------------------- | ----------- |
 * | text    | error                      | destination          | overwritten |
 * | file    | destination/file           | destination          | overwritten |
 * | folder  | destination/folder         | destination/folder   | error       |
 * | folder/ | its content in destination | the same             | error       |
 */
export async function upload(sftp: SFTPWrapper, source: Source, destination: string, host: string): Promise<void> {
  const remote = new Remote(sftp, host);
  const existing = await remote.stat(destination);
  if ("text" in source) {
    if (existing?.isDirectory() === true) {
      throw new Error(`Host ${host}: ${destination} is a folder; with a StringAsset, remotePath must name a file.`);
    }
    await remote.makeFolders(posix.dirname(destination));
    await remote.write(destination, Buffer.from(source.text, "utf8"));
  } else if ((await stat(source.path)).isDirectory()) {
    const into = source.path.endsWith("/") ? destination : posix.join(destination, basename(source.path));
    await uploadFolder(remote, source.path, into);
  } else if (existing?.isDirectory() === true) {
    await remote.write(posix.join(destination, basename(source.path)), await readFile(source.path));
  } else {
    await remote.makeFolders(posix.dirname(destination));
    await remote.write(destination, await readFile(source.path));
  }
}

async function uploadFolder(remote: Remote, folder: string, destination: string): Promise<void> {
  await remote.makeFolders(destination);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const from = join(folder, entry.name);
    const to = posix.join(destination, entry.name);
    if (entry.isDirectory()) await uploadFolder(remote, from, to);
    else await remote.write(to, await readFile(from));
  }
}

/** SFTP calls as promises, with errors that name host and path. */
class Remote {
  readonly #sftp: SFTPWrapper;
  readonly #host: string;

  constructor(sftp: SFTPWrapper, host: string) {
    this.#sftp = sftp;
    this.#host = host;
  }

  /** What is at the path; undefined for nothing. */
  stat(path: string): Promise<Stats | undefined> {
    return new Promise((resolve, reject) => {
      this.#sftp.stat(path, (error, stats) => {
        if (error === undefined) resolve(stats);
        else if ((error as { code?: number }).code === NO_SUCH_FILE) resolve(undefined);
        else reject(this.#failure(`${path} cannot be looked at`, error));
      });
    });
  }

  async makeFolders(path: string): Promise<void> {
    const existing = await this.stat(path);
    if (existing?.isDirectory() === true) {
      return;
    }
    if (existing !== undefined) {
      throw new Error(`Host ${this.#host}: ${path} exists and is no folder.`);
    }
    await this.makeFolders(posix.dirname(path));
    await new Promise<void>((resolve, reject) => {
      this.#sftp.mkdir(path, (error) => {
        if (error) reject(this.#failure(`the folder ${path} cannot be made`, error));
        else resolve();
      });
    });
  }

  write(path: string, content: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sftp.writeFile(path, content, (error) => {
        if (error) reject(this.#failure(`the file ${path} cannot be written`, error));
        else resolve();
      });
    });
  }

  #failure(what: string, error: Error): Error {
    return new Error(`Host ${this.#host}: ${what} (${errorText(error)}). Uploads run as the login user, without sudo.`);
  }
}
