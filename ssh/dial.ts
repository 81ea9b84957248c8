import { setTimeout as sleep } from "node:timers/promises";
import { errorText, hostLabel, interrupted, SshError } from "./errors.ts";
import type { SshTarget } from "./types.ts";

const FIRST_DELAY_MS = 100;
const DELAY_GROWTH = 1.5;
const LONGEST_DELAY_MS = 5000;
const DIAL_ERROR_LIMIT = 10;
const UNLIMITED = -1;
const FIRST_DROP_DELAY_MS = 500;
const DROP_DELAY_GROWTH = 2;

/** How long a server may drop connections before its host counts as unreachable. */
export const DROP_PATIENCE_MS = 60_000;

/**
 * The server closed the connection before it had asked who we are: it has too many others, as sshd with its `MaxStartups`
 * has. That says nothing about the host, and passes.
 */
export class DroppedConnection extends Error {}

/** The server refused some of what there is to log in with, and ended the connection before it heard the rest. */
export class MoreToOffer extends Error {}

/** Codes of a connection that the other side ended. */
const DROPS = new Set(["ECONNRESET", "EPIPE"]);

/** Whether an error of a socket means that the other side ended the connection. */
export function isDrop(error: unknown): boolean {
  return error instanceof Error && "code" in error && DROPS.has(String(error.code));
}

/**
 * Calls `attempt` until it succeeds or the target's dial budget is spent: `dialErrorLimit` failures are forgiven, with
 * pauses of 100 ms growing to 5 s. Dropped connections do not count among them: they are tried again for `dropPatience`
 * milliseconds after the first, with random pauses, so that those who were dropped together do not come back together. After
 * `MoreToOffer` it is called again at once. An `SshError` from `attempt` ends the dialling at once.
 * Rejects with an `unreachable` SshError that counts attempts and seconds.
 */
export async function dialWithBudget<T>(
  target: SshTarget,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  dropPatience = DROP_PATIENCE_MS,
): Promise<T> {
  const limit = target.dialErrorLimit ?? DIAL_ERROR_LIMIT;
  const started = Date.now();
  let failures = 0;
  let drops = 0;
  let droppedSince = 0;
  let delay = FIRST_DELAY_MS;
  let dropDelay = FIRST_DROP_DELAY_MS;
  for (;;) {
    let pause: number;
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) {
        throw interrupted(target);
      }
      if (error instanceof SshError) {
        throw error;
      }
      if (error instanceof MoreToOffer) continue; // Fewer each time.
      if (error instanceof DroppedConnection) {
        drops++;
        if (drops === 1) droppedSince = Date.now();
        if (Date.now() - droppedSince >= dropPatience) {
          throw dropped(target, drops, Date.now() - droppedSince, error);
        }
        pause = dropDelay * (0.5 + Math.random());
        dropDelay = Math.min(dropDelay * DROP_DELAY_GROWTH, LONGEST_DELAY_MS);
      } else {
        failures++;
        if (limit > UNLIMITED && failures > limit) {
          throw unreachable(target, failures, Date.now() - started, error);
        }
        pause = delay;
        delay = Math.min(delay * DELAY_GROWTH, LONGEST_DELAY_MS);
      }
    }
    await sleep(pause, undefined, { signal }).catch(() => {
      throw interrupted(target);
    });
  }
}

function secondsOf(elapsedMs: number): number {
  return Math.max(1, Math.round(elapsedMs / 1000));
}

function unreachable(target: SshTarget, attempts: number, elapsedMs: number, cause: unknown): SshError {
  return new SshError(
    "unreachable",
    hostLabel(target),
    `no SSH connection after ${attempts} ${attempts === 1 ? "attempt" : "attempts"} in ${secondsOf(elapsedMs)} s ` +
      `(${errorText(cause)}). Check that the host is on, that its address is right and that sshd listens on port ` +
      `${target.port ?? 22}. Nothing more is tried on this host in this run.`,
    { cause },
  );
}

function dropped(target: SshTarget, drops: number, elapsedMs: number, cause: unknown): SshError {
  return new SshError(
    "unreachable",
    hostLabel(target),
    `port ${target.port ?? 22} took ${drops} connections in ${secondsOf(elapsedMs)} s and closed each before the login ` +
      `(${errorText(cause)}). Check that sshd is healthy there, that nothing bans this machine, and MaxStartups in the ` +
      "sshd_config of the host or of what is in front of it; a lower plinth:sshDials asks less of it. Nothing more is " +
      "tried on this host in this run.",
    { cause },
  );
}
