import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import type { Backend } from "./backend.ts";
import { findProcess, readEnvironment } from "../process/identity.ts";

/** What a run of the engine writes into the lock file of a `file://` backend. */
export interface BackendLock {
  path: string;
  pid: number;
  username: string;
  hostname: string;
  /** ISO 8601 */
  timestamp: string;
}

/** `dead`: the engine is gone. `orphan`: it runs on, but the Plinth run that started it is gone. */
export type BackendVerdict = "dead" | "orphan" | "alive" | "elsewhere";

/** What is known about the process that a lock names. */
export interface LockingProcess {
  /** Short name of its executable. */
  name: string;
  /** Whether the Plinth run that started it is alive; undefined when it was not started by Plinth. */
  runAlive: boolean | undefined;
}

/**
 * Judges a lock by the process that it names.
 *
 * @param here name of this machine
 * @param holder the living process with the lock's pid, if any
 */
export function judgeBackendLock(lock: BackendLock, here: string, holder: LockingProcess | undefined): BackendVerdict {
  if (lock.hostname !== here) return "elsewhere";
  if (!holder?.name.startsWith("pulumi")) return "dead"; // A later process has taken the pid.
  return holder.runAlive === false ? "orphan" : "alive";
}

/** The environment variable that names the Plinth run (`PID START-TICKS`) to whoever finds its engine later. */
export const RUN_MARK = "PLINTH_RUN";

export function runMark(): string {
  const self = findProcess(process.pid);
  return `${process.pid} ${self?.startTicks ?? ""}`;
}

function findHolder(pid: number): LockingProcess | undefined {
  const running = findProcess(pid);
  if (running === undefined) return undefined;
  const [runPid, startTicks] = (readEnvironment(pid)[RUN_MARK] ?? "").split(" ");
  if (runPid === undefined || startTicks === undefined) return { name: running.name, runAlive: undefined };
  return { name: running.name, runAlive: findProcess(Number(runPid))?.startTicks === startTicks };
}

export function parseBackendLock(path: string, text: string): BackendLock | undefined {
  try {
    const value = JSON.parse(text) as Partial<BackendLock>;
    if (typeof value.pid !== "number") return undefined;
    const { pid, username = "", hostname: host = "", timestamp = "" } = value;
    return { path, pid, username, hostname: host, timestamp };
  } catch {
    return undefined; // Being written at this moment; the engine itself judges it then.
  }
}

/** The locks that lie on a stack in a `file://` backend. Empty for other backends: those keep locks of their own. */
export function readBackendLocks(backend: Backend, projectName: string, stack: string): BackendLock[] {
  if (backend.stateDir === undefined) return [];
  const dir = join(backend.stateDir, ".pulumi", "locks", "organization", projectName, stack);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const path = join(dir, basename(file));
      try {
        return parseBackendLock(path, readFileSync(path, "utf8")) ?? [];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // Its run has just ended.
        throw error;
      }
    });
}

export function judgedLocks(
  backend: Backend,
  projectName: string,
  stack: string,
): { lock: BackendLock; verdict: BackendVerdict }[] {
  const here = hostname();
  return readBackendLocks(backend, projectName, stack).map((lock) => ({
    lock,
    verdict: judgeBackendLock(lock, here, findHolder(lock.pid)),
  }));
}
