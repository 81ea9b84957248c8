import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "../errors.ts";

/** A file that a command makes from the project, below a folder. */
export interface WrittenFile {
  path: string;
  text: string;
}

function textThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Brings files below a folder to what they should be, each in one step, so that whoever watches the folder never reads half a file. Others
 * in it stay as they are.
 *
 * @returns the paths that were not as they should be.
 * @throws CliError when something cannot be written there.
 */
export async function writeFiles(folder: string, files: readonly WrittenFile[]): Promise<string[]> {
  const changed: string[] = [];
  for (const { path, text } of files) {
    const whole = join(folder, path);
    try {
      await mkdir(dirname(whole), { recursive: true });
      if (textThere(whole) === text) continue;
      await writeFile(`${whole}.new`, text);
      await rename(`${whole}.new`, whole);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError(`${whole} cannot be written: ${reason}. Name another folder.`, undefined, { cause: error });
    }
    changed.push(path);
  }
  return changed;
}
