import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { storeFile } from "./cache.ts";
import { isMissing } from "./errors.ts";

/** A script that hosts fetch by its digest. */
export interface ScriptFile {
  /** Lower-case letters, digits and dashes. */
  name: string;
  /** Of the content, lower-case hexadecimal. */
  sha256: string;
}

/** How many of each script are kept; a review shows what changed since the one that a host has. */
const kept = 50;

function folderOf(cacheDir: string, name: string): string {
  return join(cacheDir, "scripts", name);
}

/** Path below the cache directory, and below the artifact server's root. */
export function scriptPath({ name, sha256 }: ScriptFile): string {
  return `scripts/${name}/${sha256}`;
}

function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The text of a script in the cache; undefined when it is not there, or is not what its name says. */
export async function readScript(cacheDir: string, script: ScriptFile): Promise<string | undefined> {
  try {
    const content = await readFile(join(cacheDir, scriptPath(script)), "utf8");
    return digestOf(content) === script.sha256 ? content : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Puts scripts into the cache, and drops the oldest of each where there are more than a review has use for. */
export async function storeScripts(
  cacheDir: string,
  scripts: readonly (ScriptFile & { content: string })[],
): Promise<void> {
  for (const script of scripts) {
    if ((await readScript(cacheDir, script)) !== undefined) continue;
    const folder = folderOf(cacheDir, script.name);
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${script.sha256}.${process.pid.toString()}`);
    await writeFile(temporary, script.content);
    await storeFile(join(cacheDir, scriptPath(script)), temporary, "this release of Plinth", 0o644);
    await dropOldest(folder, script.sha256);
  }
}

async function dropOldest(folder: string, current: string): Promise<void> {
  const others = (await namesIn(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name) && name !== current);
  const ages = await Promise.all(
    others.map(async (name) => ({ name, mtimeMs: (await stat(join(folder, name))).mtimeMs })),
  );
  for (const { name } of ages.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(kept - 1)) {
    await rm(join(folder, name), { force: true });
    await rm(join(folder, `${name}.json`), { force: true });
  }
}

/** Every script in the cache, sorted by path. */
export async function listScripts(cacheDir: string): Promise<ScriptFile[]> {
  const found: ScriptFile[] = [];
  for (const name of await namesIn(join(cacheDir, "scripts"))) {
    for (const sha256 of await namesIn(folderOf(cacheDir, name))) {
      if (/^[0-9a-f]{64}$/.test(sha256)) found.push({ name, sha256 });
    }
  }
  return found;
}
