import { lockForProcess, lockRules, type LockOptions } from "../../components/host/lock.ts";
import type { HostAccess } from "../../components/host/targets.ts";
import { PlinthError } from "../../plan/findings.ts";
import type { Host } from "../../plan/inventory.ts";
import type { Terminal } from "../render/terminal.ts";

/**
 * Takes the cluster's lock for this process, as the program does in other runs. That too few hosts can be reached for it is no reason to
 * refuse: what is half gone must be possible to remove, and to restore, too.
 *
 * @param hosts those that have the lock.
 */
export async function lockUnlessTooFew(
  access: HostAccess,
  hosts: readonly Host[],
  stack: string,
  terminal: Pick<Terminal, "warn">,
  options: Pick<LockOptions, "poolStack"> = {},
): Promise<void> {
  const warn = (sentence: string): void => {
    terminal.warn(sentence);
  };
  try {
    await lockForProcess(access, hosts, stack, { warn, ...options });
  } catch (error) {
    if (!(error instanceof PlinthError) || error.findings.some(({ rule }) => rule === lockRules.held)) throw error;
    for (const { message } of error.findings) warn(message);
  }
}
