import { setTimeout as pause } from "node:timers/promises";
import { describeError } from "../errors.ts";
import { untilAborted } from "../process/until-aborted.ts";
import type { Terminal } from "../render/terminal.ts";

interface Watching<Look> {
  look: () => Promise<Look>;
  print: (look: Look) => void;
  /** Between the end of a look and the beginning of the next one. */
  seconds: number;
  terminal: Pick<Terminal, "warn" | "interactive">;
  signal: AbortSignal;
}

/** Clears a terminal, and what could be scrolled back to. */
const clear = "\u001b[H\u001b[2J\u001b[3J";

/** Looks again and again until the signal. A look that fails is told, and the next one is made all the same. */
export async function watch<Look>({ look, print, seconds, terminal, signal }: Watching<Look>): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      const seen = await untilAborted(signal, look());
      if (terminal.interactive) process.stdout.write(clear);
      print(seen);
    } catch (error) {
      if (isOver()) return;
      terminal.warn(`this look has failed: ${describeError(error, false)}`);
    }
    await pause(seconds * 1000, undefined, { signal }).catch((error: unknown) => {
      if (!isOver()) throw error;
    });
  }
}
