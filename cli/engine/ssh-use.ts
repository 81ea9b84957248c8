import type { SshUse } from "../render/summary.ts";

/** SSH connections and round trips of this process so far, per host. */
export async function sshUse(): Promise<SshUse[]> {
  const { sharedPool } = await import("../../ssh/index.ts");
  return sharedPool.stats();
}

/** Closes the connections that the program and the bundled plugins share. */
export async function closeSsh(): Promise<void> {
  const { sharedPool } = await import("../../ssh/index.ts");
  await sharedPool.close();
}
