import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { ArtifactError, isMissing, reasonOf } from "./errors.ts";

/** Exit code that we ask flock(1) to use for "somebody else holds it". */
const takenCode = 75;

/**
 * Holds an exclusive lock on `file` while `work` runs. The lock is the kernel's (flock, held by a child that lives as
 * long as this process keeps its standard input open), so that a killed process never leaves a stale one behind and no
 * pid, age or heartbeat has to be judged. `onWait` is called once, with who holds it, when it is not free at once.
 */
export async function withLock<T>(file: string, onWait: (holder: string) => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let holder = await acquire(file, ["-n", "-E", String(takenCode)]);
  if (holder === undefined) {
    onWait(await readHolder(file));
    holder = await acquire(file, []);
  }
  if (holder === undefined) throw new ArtifactError(`The lock ${file} could not be taken.`);
  try {
    await writeFile(holderFile(file), `process ${process.pid.toString()}`);
    return await work();
  } finally {
    await rm(holderFile(file), { force: true });
    await release(holder);
  }
}

async function release(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const closed = once(holder, "close");
  holder.stdin?.end();
  await closed;
}

const holderFile = (file: string): string => `${file}.holder`;

async function readHolder(file: string): Promise<string> {
  try {
    return await readFile(holderFile(file), "utf8");
  } catch (error) {
    if (isMissing(error)) return "another process";
    throw error;
  }
}

/** The child that holds the lock, or undefined when the lock is taken (only with `-n`). */
async function acquire(file: string, flags: readonly string[]): Promise<ChildProcess | undefined> {
  // Detached: Ctrl-C in the terminal must not free the lock while this process is still cleaning up.
  const child = spawn("flock", [...flags, file, "sh", "-c", "echo held && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const lines = createInterface({ input: child.stdout });
  const held = once(lines, "line").then(() => undefined);
  const ended = once(child, "close").then(([code]) => code as number | null);
  let code: number | null | undefined;
  try {
    code = await Promise.race([held, ended]);
  } catch (error) {
    throw new ArtifactError(`flock (package util-linux) is needed to lock ${file}, but it failed: ${reasonOf(error)}.`);
  }
  if (code === undefined) return child;
  if (code === takenCode) return undefined;
  throw new ArtifactError(`flock could not lock ${file} (exit code ${String(code)}).`);
}
