import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { emptyLock, lockSchema, type Lock } from "./schema.ts";

/** Its name, at the project's root. */
export const lockFileName = "plinth.lock.json";

/** The lock file of the project that this code belongs to. */
export const projectLockFile = join(dirname(import.meta.dirname), lockFileName);

/** Reads a lock file; where there is none, nothing is pinned. @throws Error when it is not one, with all that is wrong. */
export function readLock(path = projectLockFile): Lock {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return emptyLock;
    throw error;
  }
  return parseLock(text, path);
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

/** Replaces the lock file. */
export async function writeLock(lock: Lock, path = projectLockFile): Promise<void> {
  const temporary = `${path}.${process.pid.toString()}`;
  await writeFile(temporary, formatLock(lock));
  await rename(temporary, path);
}
