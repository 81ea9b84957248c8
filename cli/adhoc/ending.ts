import { closeSsh } from "../cluster/ssh-use.ts";
import { Exit } from "../exit.ts";
import { interruptible } from "../process/interrupt.ts";
import type { Terminal } from "../render/terminal.ts";

/** Runs what a first Ctrl-C ends on all hosts, whose answers are still told, and a second one at once. */
export async function endingAll<T>(
  terminal: Pick<Terminal, "warn">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const { outcome } = await interruptible(() => work(ending.signal).finally(closeSsh), {
    stop: () => {
      terminal.warn("interrupted: ending it on all hosts. Press Ctrl-C again to wait for none of them.");
      ending.abort();
    },
    kill: () => process.exit(Exit.interrupted),
  });
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
