import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { home, isPackage } from "../../home.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** Folder of a project that holds packages which no registry has. */
const vendor = "vendor";

/** Where a new project gets Plinth from. */
export type Source =
  /** What npm finds by itself: a version, or an address. */
  | { spec: string }
  /** A packed file, by its absolute path. */
  | { file: string }
  /** The clone that runs: it is packed. */
  | "clone";

/**
 * Where a new project gets Plinth from: the file that is given, or where this very Plinth came from.
 *
 * @throws CliError when that file is not there, or it is not known where this Plinth came from.
 */
export function sourceOf(given: string | undefined): Source {
  if (given !== undefined) return packed(resolve(given), "--package");
  if (!isPackage) return "clone";
  // …/node_modules/plinth belongs to who has npm install it: a project, or npx.
  const user = dirname(dirname(home));
  const manifest = join(user, "package.json");
  const spec = existsSync(manifest) ? specIn(manifest) : undefined;
  if (spec === undefined) {
    throw new CliError(
      `${manifest} does not say where Plinth comes from: name the packed file by --package FILE.`,
      Exit.badInput,
    );
  }
  const path = /^file:(.+\.tgz)$/.exec(spec)?.[1];
  return path === undefined ? { spec } : packed(resolve(user, path), manifest);
}

function specIn(manifest: string): string | undefined {
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as { dependencies?: Record<string, string> };
  return dependencies?.["plinth"];
}

function packed(file: string, namedBy: string): Source {
  if (existsSync(file)) return { file };
  throw new CliError(
    `${namedBy} names ${file} as Plinth's package, and it is not there: \`npm run package\` in a clone of Plinth makes one.`,
    Exit.badInput,
  );
}

/**
 * Puts the package into the project, so that whoever clones it has it, too: no registry does.
 *
 * @returns what package.json says of it.
 */
export async function provide(source: Source, dir: string): Promise<string> {
  if (source === "clone") {
    const { pack } = await import("../package/pack.ts");
    return specOf(dir, await pack(join(dir, vendor)));
  }
  if ("spec" in source) return source.spec;
  const inside = relative(dir, source.file);
  if (!inside.startsWith("..") && !isAbsolute(inside)) return specOf(dir, source.file);
  const target = join(dir, vendor, basename(source.file));
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source.file, target);
  return specOf(dir, target);
}

const specOf = (dir: string, file: string): string => `file:${relative(dir, file)}`;
