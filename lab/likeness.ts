import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "./files.ts";
import type { LabPaths } from "./paths.ts";
import { recordedHosts } from "./registry.ts";
import { LabError } from "./types.ts";
import { parseVariants, type VariantName } from "./variants.ts";

const fileOf = (paths: LabPaths): string => join(paths.instance, "like.json");

/** What the hosts of this lab are like, those that are still to be made too; nothing: plain ones. */
export async function recordedLikeness(paths: LabPaths): Promise<VariantName[]> {
  const text = await readIfThere(fileOf(paths));
  return text === undefined ? [] : parseVariants(JSON.parse(text) as string[]);
}

/**
 * Decides what the hosts of a lab are like, until `lab down`. Call it under the lab's lock.
 * @throws LabError when the lab has hosts that are not like this: all hosts are alike, and stay what they are
 */
export async function settleLikeness(paths: LabPaths, like: readonly VariantName[]): Promise<void> {
  const before = await recordedLikeness(paths);
  if (before.join() === like.join()) return;
  const hosts = await recordedHosts(paths);
  if (hosts.length > 0) {
    throw new LabError(
      `the lab has ${before.length === 0 ? "plain hosts" : `hosts like ${before.join(", ")}`}, not like ${like.join(", ")}: ` +
        "`lab down` removes them, then use `lab up --like` again",
    );
  }
  await mkdir(paths.instance, { recursive: true });
  const file = fileOf(paths);
  await writeFile(`${file}.new`, `${JSON.stringify(like)}\n`);
  await rename(`${file}.new`, file);
}
