import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { namesIn, readIfThere } from "./files.ts";
import type { LabPaths } from "./paths.ts";
import type { LabHost } from "./types.ts";

/** What the lab remembers of a host between two commands. */
export interface RecordedHost extends LabHost {
  /** Digest of the base image that the disk stands on. */
  base: string;
  /** Set for a host that `add` has made and the inventory has never had. */
  added?: true;
}

const file = "host.json";

/** All hosts that have a directory in this lab, by name; also those that nobody lists any more. */
export async function recordedHosts(paths: LabPaths): Promise<RecordedHost[]> {
  const hosts: RecordedHost[] = [];
  for (const name of await namesIn(paths.hosts)) {
    const text = await readIfThere(join(paths.host(name), file));
    // A directory without a record: creation was interrupted before there was anything worth keeping.
    if (text !== undefined) hosts.push(JSON.parse(text) as RecordedHost);
  }
  return hosts;
}

/** Remembers a host. */
export async function recordHost(paths: LabPaths, host: RecordedHost): Promise<void> {
  const directory = paths.host(host.name);
  await mkdir(directory, { recursive: true });
  const { name, address, base, added } = host;
  await writeFile(join(directory, `${file}.new`), `${JSON.stringify({ name, address, base, added })}\n`);
  await rename(join(directory, `${file}.new`), join(directory, file));
}

/** Removes disk, log and record of one host: it must be off. */
export async function forgetHost(paths: LabPaths, name: string): Promise<void> {
  // The record first: what is left of a directory without one is nobody's host.
  await rm(join(paths.host(name), file), { force: true });
  await rm(paths.host(name), { recursive: true, force: true });
}

/** Removes disks, logs and records of all hosts: they must be off. What is left says that this was asked for. */
export async function forgetHosts(paths: LabPaths): Promise<void> {
  await rm(paths.instance, { recursive: true, force: true });
  await mkdir(dirname(paths.takenDown), { recursive: true, mode: 0o700 });
  await writeFile(paths.takenDown, "");
}
