import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LabError } from "./types.ts";

/** How long to wait for another process, in seconds: longer than building a base image and booting takes. */
const patienceSeconds = 900;

/**
 * Runs `work` while no other process holds the lock. The kernel's lock is held by a child process that ends with this one,
 * so a killed process leaves nothing behind.
 * @param file lock file, made if missing, never to be removed; its text names the holder
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  onProgress: (line: string) => void = () => undefined,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", ["-w", String(patienceSeconds), file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((fulfil) => holder.once("close", fulfil));
  const waiting = setTimeout(() => {
    void readFile(file, "utf8").then((text) => {
      onProgress(`waiting for another process that is changing the lab (${text.trim() || "unknown"})`);
    });
  }, 1000);
  try {
    await new Promise<void>((fulfil, reject) => {
      holder.once("error", reject);
      holder.stdout.once("data", () => {
        fulfil();
      });
      holder.once("exit", () => {
        reject(
          new LabError(`another process has held ${file} for more than ${patienceSeconds} s; end it and try again`),
        );
      });
    });
    clearTimeout(waiting);
    await writeFile(file, `process ${process.pid}\n`);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    await ended;
  }
}
