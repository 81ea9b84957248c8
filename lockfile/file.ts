import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { home, projectDir } from "../home.ts";
import { emptyLock, lockSchema, type Lock } from "./schema.ts";

/** Its name, at the project's root. */
export const lockFileName = "plinth.lock.json";

/** Plinth's own lock file, which has what its default versions come to. In a clone it is the project's, too. */
export const ownLockFile = join(home, lockFileName);

/** The lock file of a project, by its folder. */
export const lockFileOf = (dir: string): string => join(dir, lockFileName);

/** Reads a lock file; where there is none, nothing is pinned. @throws Error when it is not one, with all that is wrong. */
export function readLock(path = ownLockFile): Lock {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return emptyLock;
    throw error;
  }
  return parseLock(text, path);
}

/**
 * What counts in a project: Plinth's own lock file, and over it the project's, which has what only the project uses.
 *
 * @param dir the project's folder. Default: that of the project that is worked on; where there is none, Plinth's own counts alone.
 * @throws Error when one of them is not valid.
 */
export function readProjectLock(dir = projectDir()): Lock {
  const own = readLock();
  return dir === undefined || lockFileOf(dir) === ownLockFile ? own : lockOver(own, readLock(lockFileOf(dir)));
}

/** Digests by what they are of, each section on its own. */
const sections = ["node", "go", "artifacts", "images"] as const;

/** Both together; where both have something, what `over` has counts. */
export function lockOver(own: Lock, over: Lock): Lock {
  const both = sections.map((section) => [section, { ...own[section], ...over[section] }]);
  return { ...over, ...(Object.fromEntries(both) as Pick<Lock, (typeof sections)[number]>) };
}

/** What a lock file has to have, so that over `own` it is `lock`. What only `own` has stays: it pins versions that nobody uses. */
export function lockBeyond(own: Lock, lock: Lock): Lock {
  const beyond = sections.map((section): [string, Record<string, unknown>] => {
    const known: Readonly<Record<string, unknown>> = own[section];
    const entries = Object.entries<unknown>(lock[section]);
    return [section, Object.fromEntries(entries.filter(([key, value]) => !isDeepStrictEqual(known[key], value)))];
  });
  return { ...lock, ...Object.fromEntries(beyond) };
}

/** @throws Error with all that is wrong with `text`. */
export function parseLock(text: string, path: string): Lock {
  const remedy = `Take it from git, or remove it and run ./plinth artifacts --update.`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON (${(error as Error).message}). ${remedy}`, { cause: error });
  }
  const result = lockSchema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path: keys, message }) => `${keys.join(".") || "it"}: ${message}`);
  throw new Error(`${path} is not valid: ${issues.join("; ")}. ${remedy}`);
}

/** The text of a lock file: sorted, so that the same digests give the same bytes. */
export function formatLock(lock: Lock): string {
  return `${JSON.stringify(sorted(lock), undefined, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

/** Replaces a lock file. */
export async function writeLock(lock: Lock, path: string): Promise<void> {
  const temporary = `${path}.${process.pid.toString()}`;
  await writeFile(temporary, formatLock(lock));
  await rename(temporary, path);
}
