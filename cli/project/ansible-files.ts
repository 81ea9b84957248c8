import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import type { PassedOver, SourceFile, Sources } from "../../plan/import/sources.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** What Ansible passes over in the folder of an inventory (INVENTORY_IGNORE_EXTS of ansible-core), less .ini. */
const ignored = [".pyc", ".pyo", ".swp", ".bak", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/** In this order Ansible looks for variables of a group or host, and takes the first that is there. */
const endings = ["", ".yml", ".yaml", ".json"];
/** Files of variables are small; a larger file is something else. */
const largest = 2 ** 20;

/** Where an inventory is, and what else belongs to it. */
export interface AnsiblePlaces {
  /** The inventory: a file, or a folder of several. */
  file: string;
  /** Folder of playbooks, with group_vars and host_vars of its own. */
  playbooks?: string;
}

interface Reading {
  /** Paths are told from here on. */
  base: string;
  passedOver: PassedOver[];
}

/**
 * Reads an inventory and the variables beside it, as Ansible finds them. Nothing is run and nothing is decrypted.
 *
 * @throws CliError when there is no such file or folder, or it cannot be read.
 */
export async function readAnsibleFiles({ file, playbooks }: AnsiblePlaces): Promise<Sources> {
  const isFolder = (await kindOf(file)) === "folder";
  const folder = isFolder ? file : dirname(file);
  const reading: Reading = { base: folder, passedOver: [] };
  const inventories = isFolder ? await inventoriesIn(folder, reading) : [await read(file, reading)];
  const ofPlaybooks = playbooks === undefined ? undefined : await playbooksIn(playbooks);
  return {
    inventories,
    folder: isFolder,
    groupVars: await variablesIn(join(folder, "group_vars"), reading),
    hostVars: await variablesIn(join(folder, "host_vars"), reading),
    ...ofPlaybooks,
    extraVars: await extraVarsBeside(file, folder, reading),
    passedOver: [...reading.passedOver, ...(ofPlaybooks?.passedOver ?? [])],
  };
}

/** Beside its hosts file kubeasz has what it gives to all playbooks. */
async function extraVarsBeside(file: string, folder: string, reading: Reading): Promise<SourceFile[]> {
  const path = join(folder, "config.yml");
  if (resolve(path) === resolve(file) || (await kindOf(path, true)) !== "file") return [];
  return [await read(path, reading)];
}

async function kindOf(path: string, optional = false): Promise<"file" | "folder" | "none"> {
  const found = await stat(path).catch((error: unknown) => {
    const missing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (optional && missing) return undefined;
    throw unreadable(path, error);
  });
  if (found === undefined) return "none";
  return found.isDirectory() ? "folder" : "file";
}

function unreadable(path: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(`${path} cannot be read: ${reason}`, Exit.badInput, { cause: error });
}

async function read(path: string, { base }: Reading): Promise<SourceFile> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return { path: relative(base, path) || basename(path), text };
}

const isHidden = (name: string): boolean => name.startsWith(".") || name.endsWith("~");

async function inventoriesIn(folder: string, reading: Reading): Promise<SourceFile[]> {
  const names = (await readdir(folder))
    .sort()
    .filter((name) => !isHidden(name) && !["group_vars", "host_vars"].includes(name));
  const files: SourceFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (ignored.includes(extname(name)) || name === "config.yml") continue;
    const why = await reasonAgainst(path);
    if (why === undefined) files.push(await read(path, reading));
    else reading.passedOver.push({ path: name, why });
  }
  if (files.length === 0) throw new CliError(`${folder} has no file that could be an inventory.`, Exit.badInput);
  return files;
}

async function reasonAgainst(path: string): Promise<string | undefined> {
  const found = await stat(path);
  if (found.isDirectory())
    return "folders in the folder of an inventory are not read: import what is in there by itself";
  return found.size > largest ? "it is larger than any inventory" : undefined;
}

/** Files by name of the group or host. */
async function variablesIn(folder: string, reading: Reading): Promise<Record<string, SourceFile[]>> {
  if ((await kindOf(folder, true)) !== "folder") return {};
  const found: Record<string, SourceFile[]> = {};
  const names = (await readdir(folder)).sort().filter((name) => !isHidden(name));
  for (const ending of endings) {
    for (const name of names) {
      const path = join(folder, name);
      const isFolder = (await kindOf(path)) === "folder";
      if (endingOf(name, isFolder) !== ending) continue;
      const owner = name.slice(0, name.length - ending.length);
      if (found[owner] === undefined)
        found[owner] = isFolder ? await filesBelow(path, reading) : [await read(path, reading)];
      else
        reading.passedOver.push({
          path: relative(reading.base, path),
          why: `Ansible does not read it either, for it has found ${relative(reading.base, join(folder, owner))} first`,
        });
    }
  }
  return found;
}

/** Groups may have a dot in their name, and so may hosts. */
function endingOf(name: string, isFolder: boolean): string {
  return isFolder ? "" : (endings.find((ending) => ending !== "" && name.endsWith(ending)) ?? "");
}

async function filesBelow(folder: string, reading: Reading): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of (await readdir(folder)).sort().filter((one) => !isHidden(one))) {
    const path = join(folder, name);
    if ((await kindOf(path)) === "folder") files.push(...(await filesBelow(path, reading)));
    else if (endings.includes(extname(name))) files.push(await read(path, reading));
  }
  return files;
}

async function playbooksIn(
  folder: string,
): Promise<Pick<Sources, "playbookGroupVars" | "playbookHostVars" | "playbooks"> & { passedOver: PassedOver[] }> {
  if ((await kindOf(folder)) !== "folder")
    throw new CliError(`--playbooks must name a folder, and ${folder} is a file.`, Exit.badInput);
  const reading: Reading = { base: dirname(folder), passedOver: [] };
  const names = (await readdir(folder))
    .sort()
    .filter((name) => !isHidden(name) && [".yml", ".yaml"].includes(extname(name)));
  const playbooks: SourceFile[] = [];
  for (const name of names)
    if ((await kindOf(join(folder, name))) === "file") playbooks.push(await read(join(folder, name), reading));
  return {
    playbookGroupVars: await variablesIn(join(folder, "group_vars"), reading),
    playbookHostVars: await variablesIn(join(folder, "host_vars"), reading),
    playbooks,
    passedOver: reading.passedOver,
  };
}
