import { readFile, writeFile } from "node:fs/promises";

/**
 * Limits of this machine's kernel that all hosts share, because root on every host is the same user to the kernel.
 * A host with a control plane and a kubelet takes about 40 inotify instances; many machines allow 128.
 */
const atLeast: readonly [file: string, value: number][] = [["/proc/sys/fs/inotify/max_user_instances", 2048]];

/** Raises limits that are too low for several hosts, until the machine's next boot; one line for each that it changes. */
export async function raiseLimits(
  onProgress: (line: string) => void,
  limits: readonly [file: string, value: number][] = atLeast,
): Promise<void> {
  for (const [file, value] of limits) {
    const now = Number(await readFile(file, "utf8"));
    if (now >= value) continue;
    await writeFile(file, `${value}\n`);
    onProgress(`raised ${file} of this machine from ${now} to ${value}: all hosts share it`);
  }
}
