import { setTimeout as sleep } from "node:timers/promises";
import { errorText, hostLabel, interrupted, SshError } from "./errors.ts";
import type { SshTarget } from "./types.ts";

const FIRST_DELAY_MS = 100;
const DELAY_GROWTH = 1.5;
const LONGEST_DELAY_MS = 5000;
const DIAL_ERROR_LIMIT = 10;
const UNLIMITED = -1;

/**
 * Calls `attempt` until it succeeds or the target's dial budget is spent: `dialErrorLimit` failures are forgiven, with
 * pauses of 100 ms growing to 5 s. An `SshError` from `attempt` ends the dialling at once.
 * Rejects with an `unreachable` SshError that counts attempts and seconds.
 */
export async function dialWithBudget<T>(target: SshTarget, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const limit = target.dialErrorLimit ?? DIAL_ERROR_LIMIT;
  const started = Date.now();
  let delay = FIRST_DELAY_MS;
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) {
        throw interrupted(target);
      }
      if (error instanceof SshError) {
        throw error;
      }
      if (limit > UNLIMITED && failures > limit) {
        throw unreachable(target, failures, Date.now() - started, error);
      }
    }
    await sleep(delay, undefined, { signal }).catch(() => {
      throw interrupted(target);
    });
    delay = Math.min(delay * DELAY_GROWTH, LONGEST_DELAY_MS);
  }
}

function unreachable(target: SshTarget, attempts: number, elapsedMs: number, cause: unknown): SshError {
  const seconds = Math.max(1, Math.round(elapsedMs / 1000));
  return new SshError(
    "unreachable",
    hostLabel(target),
    `no SSH connection after ${attempts} ${attempts === 1 ? "attempt" : "attempts"} in ${seconds} s ` +
      `(${errorText(cause)}). Check that the host is on, that its address is right and that sshd listens on port ` +
      `${target.port ?? 22}. Nothing more is tried on this host in this run.`,
    { cause },
  );
}
