import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file of a project that is to be written. */
export interface NewFile {
  /** Below the project's folder. */
  path: string;
  text: string;
  /** Whether it is run. Default: false. */
  executable?: true;
}

/** What is at these paths below a folder already, with the text of what is a file. */
export function filesThere(folder: string, paths: readonly string[]): { path: string; text: string }[] {
  return paths.flatMap((path) => {
    const status = statSync(join(folder, path), { throwIfNoEntry: false });
    if (status === undefined) return [];
    return [{ path, text: status.isFile() ? readFileSync(join(folder, path), "utf8") : "" }];
  });
}

/**
 * Writes files below a folder, with the folders that they need.
 *
 * @param force whether files that are there already are overwritten; else what somebody makes between a look and now stays, and this fails.
 */
export async function writeNew(folder: string, files: readonly NewFile[], { force = false } = {}): Promise<void> {
  for (const { path, text, executable } of files) {
    const whole = join(folder, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, text, { flag: force ? "w" : "wx", mode: executable === true ? 0o777 : 0o666 });
  }
}
