import { isPackage } from "../../home.ts";
import { lockBeyond, lockFileName, lockFileOf, readLock, readProjectLock, writeLock } from "../../lockfile/file.ts";
import type { StackInput } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";
import type { Terminal } from "../render/terminal.ts";
import { ensure, ensureForHosts, hostArtifacts, imagesOf, pulumiRef } from "./needs.ts";

/**
 * Gets everything that the stack needs, whatever the lock file says of it, and records it in the project's lock file. Says what changed.
 * @param site whether what only this site has is recorded too.
 */
export async function updateLock(
  project: Pick<Project, "dir">,
  input: Pick<StackInput, "planned">,
  terminal: Terminal,
  site: boolean,
): Promise<void> {
  const { defaultCacheDir, defaultVersions, imageArtifacts, lockChanges, updatedLock } =
    await import("../../artifacts/index.ts");
  const before = readProjectLock(project.dir);
  const open = { ...before, artifacts: {} };
  const pulumi = await pulumiRef();
  await ensure([pulumi], terminal, undefined, open);
  await ensureForHosts(input, terminal, undefined, open);
  const images = imagesOf(input);
  const inImages = imageArtifacts(images).map((name) => ({ name, version: defaultVersions[name] ?? "" }));
  const after = await updatedLock(before, {
    cacheDir: defaultCacheDir(),
    refs: [pulumi, ...hostArtifacts(input), ...inImages],
    images,
    site,
  });
  const changes = lockChanges(before, after);
  // The package has its own file beside it, and a newer one brings newer digests.
  await writeLock(isPackage ? lockBeyond(readLock(), after) : after, lockFileOf(project.dir));
  for (const change of changes) terminal.print(change);
  terminal.note(
    changes.length === 0
      ? `${lockFileName} says already what is in the cache.`
      : `${lockFileName} is another one: look at its changes and commit it.`,
  );
}
