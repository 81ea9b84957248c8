import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { sha256Of } from "./cache.ts";

/**
 * What pins the modules of a build: the SHA-256 of the lines `<sha256>  <path>`, as sha256sum writes them, of `go.mod`,
 * `go.sum` and the modules that stand beside them, sorted by path.
 */
export async function moduleSums(moduleDir: string): Promise<string> {
  const entries = await readdir(moduleDir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(moduleDir, join(entry.parentPath, entry.name)));
  return await listDigest(moduleDir, paths.sort());
}

/** The SHA-256 of the lines `<sha256>  <path>` of some files below `folder`, as sha256sum writes them. */
export async function listDigest(folder: string, paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${await sha256Of(join(folder, path))}  ${path}\n`);
  return hash.digest("hex");
}
