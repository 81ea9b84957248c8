import { access, readdir, readFile } from "node:fs/promises";

/** What the kernel says for a file or a process that is not there. */
function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ESRCH";
}

async function ifThere<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The text of a file; undefined when there is no such file. */
export function readIfThere(file: string): Promise<string | undefined> {
  return ifThere(readFile(file, "utf8"));
}

/** The names in a directory, sorted; none when there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  return ((await ifThere(readdir(directory))) ?? []).sort();
}

export async function exists(path: string): Promise<boolean> {
  return (await ifThere(access(path).then(() => true))) ?? false;
}
