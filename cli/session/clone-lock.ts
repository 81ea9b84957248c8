import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { findProcess, type ProcessIdentity } from "../process/identity.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";

/**
 * Content of `.plinth/run.<stack>.lock`: the one run that may change the stack from this clone. Runs from other clones are
 * kept away by the cluster's own run lock.
 */
export interface CloneLock {
  pid: number;
  startTicks: string;
  /** ISO 8601 */
  since: string;
  /** For example `up`. */
  command: string;
}

export type CloneLockVerdict = "held" | "stale";

/** A lock is stale when its process is gone, or when the pid belongs to a later process. */
export function judgeCloneLock(lock: CloneLock, running: ProcessIdentity | undefined): CloneLockVerdict {
  return running?.startTicks === lock.startTicks ? "held" : "stale";
}

function parseCloneLock(text: string): CloneLock | undefined {
  try {
    const value = JSON.parse(text) as Partial<CloneLock>;
    if (typeof value.pid !== "number" || typeof value.startTicks !== "string") return undefined;
    return { pid: value.pid, startTicks: value.startTicks, since: value.since ?? "", command: value.command ?? "" };
  } catch {
    return undefined; // Half written by a run that was killed: as good as no lock.
  }
}

/** Reads a file that another process may remove at any moment. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Takes a dead run's lock away; leaves it alone when another process was faster and it is a new one by now. */
function removeStale(path: string, seen: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    if (readFileSync(aside, "utf8") !== seen) linkSync(aside, path);
  } finally {
    unlinkSync(aside);
  }
}

/**
 * Takes the lock of a stack in this clone. Fails when another run is alive; a lock left by a dead run is taken over and
 * reported by `onStale`. Returns the function that gives the lock back.
 */
export async function takeCloneLock(
  project: Project,
  stack: string,
  command: string,
  onStale: (lock: CloneLock) => void,
): Promise<() => void> {
  const path = join(await ensureWorkDir(project), `run.${stack}.lock`);
  const self = findProcess(process.pid);
  if (self === undefined) throw new CliError("/proc is not readable: cannot take the lock of this run.");
  const lock: CloneLock = { pid: process.pid, startTicks: self.startTicks, since: new Date().toISOString(), command };
  // Written aside and linked, so that a lock that exists is always complete.
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, JSON.stringify(lock), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(draft, path);
        return () => {
          if (readIfThere(path) === JSON.stringify(lock)) unlinkSync(path);
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const seen = readIfThere(path);
      if (seen === undefined) continue;
      const other = parseCloneLock(seen);
      if (other !== undefined && judgeCloneLock(other, findProcess(other.pid)) === "held") {
        throw new CliError(
          `Another run works on stack "${stack}": "plinth ${other.command}", process ${other.pid}, since ${other.since}. ` +
            "Wait for its end, or interrupt it with Ctrl-C where it runs.",
        );
      }
      if (other !== undefined) onStale(other);
      removeStale(path, seen);
    }
  } finally {
    unlinkSync(draft);
  }
}
