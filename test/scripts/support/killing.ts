/** Kills a run at every command that changes something, and looks how the next one ends. */

import assert from "node:assert/strict";
import type { FakeHost, Result } from "./fake-host.ts";

export interface Scenario {
  /** The state before; every attempt works on a copy. */
  from: FakeHost;
  /** The run that is killed. */
  victim: (host: FakeHost) => Promise<Result>;
  /** What is done then; ends where `end` tells. */
  recover: (host: FakeHost) => Promise<void>;
  end: Record<string, string>;
}

/** Attempts at a time: as many as a small machine has processors. */
const workers = 2;

/**
 * Kills the victim at its first, second… changing command, until one gets through. Returns how many changing commands there are.
 *
 * @param step only every stepth command, to save time; 1 when PLINTH_TEST_THOROUGH is set.
 */
export async function killEverywhere({ from, victim, recover, end }: Scenario, step: number): Promise<number> {
  const stride = process.env["PLINTH_TEST_THOROUGH"] === undefined ? step : 1;
  let next = 1;
  let through = Infinity;
  const attempts = async (): Promise<void> => {
    while (next < through) {
      const n = next;
      next += stride;
      const host = from.copy();
      try {
        host.dieAt(n);
        const result = await victim(host);
        host.live();
        if (result.code !== null) {
          through = Math.min(through, n);
          continue;
        }
        await recover(host);
        assert.deepEqual(timeless(host.snapshot()), timeless(end), `after a kill at changing command ${n}`);
        assert.deepEqual(host.list("/run/plinth"), ["host.lock"]);
      } finally {
        host.remove();
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, attempts));
  return through;
}

/**
 * A snapshot without what may differ: the time in the name of a directory that keeps data; copies of the distribution's files and
 * half-written notes that a killed run has made and nobody reads; and the list of directories that are ours once they are empty,
 * which is written before they are made.
 */
export function timeless(snapshot: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(snapshot)
      .filter(([key]) => !/^var\/lib\/plinth\/(saved|before|directories$|(.*\/)?\.[a-z]+\.plinth$)/.test(key))
      .map(([key, value]) => [key.replace(/\d{8}T\d{6}Z/, "TIME"), value]),
  );
}
