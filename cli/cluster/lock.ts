import { lockRules } from "../../components/host/lock.ts";
import { PlinthError } from "../../plan/findings.ts";
import type { Terminal } from "../render/terminal.ts";

/**
 * Takes the cluster's lock. That too few hosts can be reached for it is no reason to refuse: what is half gone must be possible to
 * remove, and to restore, too.
 */
export async function lockUnlessTooFew(take: () => Promise<unknown>, terminal: Pick<Terminal, "warn">): Promise<void> {
  try {
    await take();
  } catch (error) {
    if (!(error instanceof PlinthError) || error.findings.some(({ rule }) => rule === lockRules.held)) throw error;
    for (const { message } of error.findings) terminal.warn(message);
  }
}
