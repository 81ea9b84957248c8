import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { exists } from "./files.ts";
import { run } from "./run.ts";
import type { Ingredients } from "./variants.ts";

const recipe = join(import.meta.dirname, "image");

/** All files below a directory, in a stable order. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Names the base image by everything that goes into it: the files of the recipe, the machine's architecture, the user, and what a
 * variant has in its own way.
 * @returns 16 hexadecimal digits
 */
export async function recipeDigest(
  user: string,
  { suite, packages, offered }: Ingredients,
  directory: string = recipe,
): Promise<string> {
  const digest = createHash("sha256").update(
    `${process.arch}\0${user}\0${suite}\0${packages.join(",")}\0${offered.join(",")}\0`,
  );
  for (const file of await filesBelow(directory)) {
    const content = await readFile(file);
    digest.update(`${relative(directory, file)}\0${content.length}\0`).update(content);
  }
  return digest.digest("hex").slice(0, 16);
}

/** Directory of the base image with this digest; its `root/` is the root file system. */
export function imageDirectory(cache: string, digest: string): string {
  return join(cache, `base-${digest}`);
}

/**
 * Builds the base image unless it is there; of two processes that ask at once one builds and the other waits.
 * The lock is the build's own and not this process's: an orphaned build goes on holding it.
 * @returns the digest of the recipe
 */
export async function ensureImage(
  cache: string,
  user: string,
  ingredients: Ingredients,
  onProgress: (line: string) => void,
): Promise<string> {
  const digest = await recipeDigest(user, ingredients);
  const target = imageDirectory(cache, digest);
  if (await exists(join(target, "root"))) return digest;
  const { suite, packages, offered } = ingredients;
  const contents = [suite, ...packages].join(" with ");
  onProgress(`building the base image of the lab's hosts (${contents}; once, about a minute)`);
  const started = Date.now();
  await mkdir(dirname(target), { recursive: true });
  await run(
    "building the base image of the lab's hosts",
    ["flock", `${target}.lock`, "unshare", "-m", "--propagation", "private", join(recipe, "build.sh"), target],
    { env: { LAB_USER: user, LAB_SUITE: suite, LAB_PACKAGES: packages.join(","), LAB_OFFERED: offered.join(",") } },
  );
  onProgress(`base image ready after ${Math.round((Date.now() - started) / 1000)} s`);
  return digest;
}
