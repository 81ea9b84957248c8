import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../errors.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { judgedLocks, type BackendLock } from "../pulumi/backend-locks.ts";
import { withoutPending } from "./pending.ts";
import { SeenConnections, withoutSshKeys } from "./ssh-keys.ts";
import { isNoSuchStack, runPulumi } from "../pulumi/cli.ts";

/** How long an engine that lost its Plinth run may take to end by itself, seconds. */
const ORPHAN_SECONDS = 120;

function whose(lock: BackendLock): string {
  return `process ${lock.pid} of ${lock.username}@${lock.hostname}, since ${lock.timestamp}`;
}

/** Waits for the engine of a killed run: it notices that its program is gone and ends after the running steps. */
async function waitForOrphans(context: EngineContext, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + ORPHAN_SECONDS * 1000;
  let told = false;
  for (;;) {
    const judged = judgedLocks(context.backend, context.settings.projectName, context.stack);
    const orphan = judged.find(({ verdict }) => verdict === "orphan");
    if (orphan === undefined) return;
    if (!told) say(`The engine of a killed run is still finishing (${whose(orphan.lock)}); waiting for its end.`);
    told = true;
    if (Date.now() > deadline) {
      throw new CliError(
        `The engine of a killed run has not ended within ${ORPHAN_SECONDS} s (${whose(orphan.lock)}). ` +
          `End it with "kill ${orphan.lock.pid}" and run the command again.`,
      );
    }
    await delay(250);
  }
}

/** Removes locks of dead runs; refuses when the stack is in use. */
async function clearLocks(context: EngineContext, say: (line: string) => void): Promise<void> {
  await waitForOrphans(context, say);
  const judged = judgedLocks(context.backend, context.settings.projectName, context.stack);
  if (judged.length === 0) return;
  const alive = judged.find(({ verdict }) => verdict === "alive");
  if (alive !== undefined) {
    throw new CliError(
      `Stack "${context.stack}" is being changed by another run of the engine: ${whose(alive.lock)}. ` +
        "Wait for its end, or interrupt it where it runs.",
    );
  }
  const elsewhere = judged.find(({ verdict }) => verdict === "elsewhere");
  if (elsewhere !== undefined) {
    throw new CliError(
      `Stack "${context.stack}" is locked from another machine: ${whose(elsewhere.lock)}. ` +
        `If that run is certainly dead, remove its lock with "pulumi cancel ${context.stack}" and run the command again.`,
    );
  }
  for (const { lock } of judged) say(`Removed the lock of a run that was killed (${whose(lock)}).`);
  await runPulumi(context, ["cancel", "--yes"]);
}

/** @param open with secrets in clear, by a pipe. */
function exportState(context: EngineContext, { open }: { open: boolean }): Promise<string> {
  return runPulumi(context, ["stack", "export", ...(open ? ["--show-secrets"] : [])]);
}

/**
 * Takes SSH keys out of the state that earlier releases have written into it. Whether there are any cannot be told before the
 * secrets are decrypted, which takes a while; connections that have been looked at once are not decrypted again.
 *
 * @param exported the state as it is, secrets encrypted.
 * @throws CliError when another run has written the state meanwhile.
 */
async function dropSshKeys(context: EngineContext, exported: string, say: (line: string) => void): Promise<void> {
  const seen = new SeenConnections(context.project.workDir, context.stack, exported);
  if (seen.areKeyless()) return;
  const keyless = withoutSshKeys(await exportState(context, { open: true }));
  if (keyless === undefined) {
    seen.note();
    return;
  }
  const { state, commands } = keyless;
  say(`Takes the SSH key out of ${commands} commands in the state. Copies of earlier states still have it, encrypted.`);
  if ((await exportState(context, { open: false })) !== exported)
    throw new CliError(`Another run has just changed the state of stack "${context.stack}": run this again.`);
  await runPulumi(context, ["stack", "import"], state);
}

/**
 * Clears what a killed run has left behind: its lock, and operations that were under way. Dropping those from the state
 * is safe: the engine will do them again, and everything Plinth does on hosts may be done twice. Then SSH keys of earlier
 * releases are taken out of the state.
 */
export async function recover(
  context: EngineContext,
  hosts: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  await clearLocks(context, say);
  let exported: string;
  try {
    exported = await exportState(context, { open: false });
  } catch (error) {
    if (isNoSuchStack(error)) return;
    throw error;
  }
  const cleaned = withoutPending(exported, hosts);
  if (cleaned !== undefined) {
    say("A killed run has left operations whose outcome the state does not know:");
    for (const { type, resource } of cleaned.dropped) say(`  ${type} ${resource}`);
    say("They are taken off the list and will be done again: every step on a host may safely run twice.");
    await runPulumi(context, ["stack", "import"], cleaned.state);
    exported = await exportState(context, { open: false });
  }
  await dropSshKeys(context, exported, say);
}
