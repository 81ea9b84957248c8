import type { SshUse } from "../render/summary.ts";

/** SSH connections and round trips of this process so far, per host. */
export async function sshUse(): Promise<SshUse[]> {
  const { sharedPool } = await import("../../ssh/index.ts");
  return sharedPool.stats();
}

/** Hosts that could not be reached are tried again from now on. */
export async function dialAnew(): Promise<void> {
  const { sharedPool } = await import("../../ssh/index.ts");
  sharedPool.resetBreakers();
}

/** Gives back the cluster's lock, and closes the connections that the program and the bundled plugins share. */
export async function closeSsh(): Promise<void> {
  const { releaseClusterLocks } = await import("../../components/host/lock.ts");
  await releaseClusterLocks();
  const { sharedPool } = await import("../../ssh/index.ts");
  await sharedPool.close();
}
