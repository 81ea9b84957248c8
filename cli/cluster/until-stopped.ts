import { QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { interruptible } from "../process/interrupt.ts";
import { closeSsh } from "./ssh-use.ts";

/** Runs what a first Ctrl-C ends after the step under way, and a second one at once: hosts finish what they have begun. */
export async function untilStopped<T>(
  terminal: { warn: (line: string) => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController();
  const { interrupted, outcome } = await interruptible(() => work(stopping.signal).finally(closeSsh), {
    stop: () => {
      terminal.warn("interrupted: waiting for the step under way. Press Ctrl-C again to end at once.");
      stopping.abort();
    },
    kill: () => process.exit(Exit.interrupted),
  });
  if (interrupted) throw new QuietExit(Exit.interrupted);
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
