import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** Exit code that we ask flock(1) to use for "somebody else holds it". */
const takenCode = 75;

/**
 * Holds an exclusive lock on `file` while `work` runs. The lock is the kernel's (flock, held by a child that lives as
 * long as this process keeps its standard input open), so that a killed process never leaves a stale one behind and no
 * pid, age or heartbeat has to be judged.
 *
 * @param file made if it is missing, for this user alone: who can read it could lock it. Never to be removed; its text names the holder.
 * @param onWait is called once, with who holds the lock (`process 4711`), when it is not free at once.
 * @param patienceSeconds how long to wait then. Default: as long as it takes.
 * @throws Error with a sentence when it could not be had.
 */
export async function withLock<T>(
  file: string,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
  patienceSeconds?: number,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  await (await open(file, "a", 0o600)).close();
  await chmod(file, 0o600);
  let holder = await acquire(file, ["-n"]);
  if (holder === undefined) {
    onWait(await readHolder(file));
    holder = await acquire(file, patienceSeconds === undefined ? [] : ["-w", String(patienceSeconds)]);
  }
  if (holder === undefined) {
    const holding = await readHolder(file);
    throw new Error(`${holding} has held ${file} for more than ${patienceSeconds ?? 0} s; end it and try again`);
  }
  try {
    await writeFile(file, `process ${process.pid}\n`);
    return await work();
  } finally {
    await writeFile(file, "");
    await release(holder);
  }
}

async function release(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const closed = once(holder, "close");
  holder.stdin?.end();
  await closed;
}

async function readHolder(file: string): Promise<string> {
  // It says so a moment after it has got the lock.
  return (await readFile(file, "utf8")).trim() || "another process";
}

/** The child that holds the lock, or undefined when the lock is taken. */
async function acquire(file: string, flags: readonly string[]): Promise<ChildProcess | undefined> {
  // Detached: Ctrl-C in the terminal must not free the lock while this process is still cleaning up.
  const child = spawn("flock", [...flags, "-E", String(takenCode), file, "sh", "-c", "echo held && exec cat"], {
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`flock (package util-linux) is needed to lock ${file}, but it failed: ${reason}.`, {
      cause: error,
    });
  }
  if (code === undefined) return child;
  if (code === takenCode) return undefined;
  throw new Error(`flock could not lock ${file} (exit code ${String(code)}).`);
}
