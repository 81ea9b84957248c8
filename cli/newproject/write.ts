import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { PlinthError } from "../../plan/findings.ts";
import { folderFindings } from "../../plan/newproject/folder.ts";
import { projectManifest } from "../../plan/newproject/manifest.ts";
import { projectFiles, type FirstStack } from "../../plan/newproject/project.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { writeNew } from "../project/new-files.ts";
import { provide, type Source } from "./package.ts";
import { ownTexts, ownVersions } from "./sources.ts";

/** @throws PlinthError with everything in the folder that a new project would be mixed with. */
export function requireEmptyFolder(dir: string, given: string | undefined): void {
  if (!existsSync(dir)) return;
  const entries = readdirSync(dir).filter((entry) => given === undefined || join(dir, entry) !== given);
  const findings = folderFindings(dir, entries);
  if (findings.length > 0) throw new PlinthError(findings);
}

/**
 * Writes a project with one stack into a folder, which is made where it is not there. Nothing that is there is overwritten but
 * `package.json`, of which everything stays that has nothing to do with modules.
 *
 * @returns the paths of its files below the folder, sorted.
 */
export async function writeProject(
  dir: string,
  name: string,
  stack: FirstStack,
  source: Source,
): Promise<readonly string[]> {
  await mkdir(dir, { recursive: true });
  const before = readManifest(join(dir, "package.json"));
  const plinth = await provide(source, dir);
  const manifest = projectManifest({ name: basename(await realpath(dir)), plinth, versions: ownVersions() }, before);
  const files = projectFiles(name, stack, ownTexts());
  await writeNew(
    dir,
    Object.entries(files).map(([path, file]) => ({ path, ...file })),
  );
  await writeFile(join(dir, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return [...Object.keys(files), "package.json"].sort();
}

function readManifest(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new CliError(`${path} is no JSON: ${(error as Error).message}`, Exit.badInput, { cause: error });
  }
  throw new CliError(`${path} holds no map: it is what npm calls a package.json.`, Exit.badInput);
}
