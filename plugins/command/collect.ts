import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { archive, asset, type PropertyMap } from "../provider/values.ts";
import { matcher } from "./glob.ts";
import { tarHeader, tarPadding, tarTrailer } from "./tar.ts";

/** Files under `folder` that the globs choose, by relative path, as file assets. Later `!` globs take files out again. */
export async function collectAssets(folder: string, globs: string[]): Promise<PropertyMap> {
  const entries = (await chosen(folder, globs)).map(async (name) => {
    const path = posix.join(folder, name);
    return [name, asset({ path, hash: sha256(await readFile(path)) })] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The same files as one archive. Its hash is that of a plain tar of them, as the engine computes it. */
export async function collectArchive(folder: string, globs: string[]): Promise<PropertyMap> {
  const assets = await collectAssets(folder, globs);
  const hash = createHash("sha256");
  for (const name of Object.keys(assets).sort()) {
    const content = await readFile(join(folder, name));
    hash.update(tarHeader(name, content.length)).update(content).update(tarPadding(content.length));
  }
  return archive(assets, hash.update(tarTrailer()).digest("hex"));
}

async function chosen(folder: string, globs: string[]): Promise<string[]> {
  const rules = globs.map((glob) => ({ include: !glob.startsWith("!"), matches: matcher(glob.replace(/^!/, "")) }));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => posix.relative(folder, posix.join(entry.parentPath, entry.name)));
  return files.sort().filter((file) => {
    let kept = false;
    for (const { include, matches } of rules) {
      if (matches(file)) kept = include;
    }
    return kept;
  });
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
