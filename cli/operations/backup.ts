import { outcomeOf, type Outcome } from "../../plan/backup/outcome.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import { makeData, storeState } from "../../components/host/backups.ts";
import { sealHalf } from "../backup/pack.ts";
import { stateHalf } from "../backup/statehalf.ts";
import { CliError } from "../errors.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";

/** Has members make a set of data for every target. */
export async function backupData(
  input: Pick<LoadedStack, "hosts" | "config">,
  settings: BackupSettings,
  reason: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  return outcomeOf(await makeData(input, settings, reason, signal), settings.targets);
}

/**
 * Makes a set of the stack's state and keys, sealed on this machine, and has members store it.
 *
 * @returns undefined for a stack without a cluster's keys.
 */
export async function backupState(
  context: EngineContext,
  input: Pick<LoadedStack, "hosts" | "config">,
  settings: BackupSettings,
  reason: string,
  signal?: AbortSignal,
): Promise<Outcome | undefined> {
  const half = await stateHalf(context, { reason });
  if (half === undefined) return undefined;
  let sealed: Buffer;
  try {
    sealed = await sealHalf(half, settings.recipients);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { id: undefined, stored: [], problems: [error.message] };
  }
  return outcomeOf(await storeState(input, settings, half.set, sealed, signal), settings.targets);
}

/** One line for people. @param what e.g. `data`. */
export function outcomeLine(what: string, { id, stored }: Outcome): string {
  return id === undefined ? `${what}: no target has a new set` : `${what}: set ${id} is on ${stored.join(", ")}`;
}
