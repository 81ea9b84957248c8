import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { chooseSet, type WantedSet } from "../../plan/backup/choice.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import type { DataSet } from "../../plan/backup/set.ts";
import { useCopy, type SealedCopy } from "../backup/copies.ts";
import { readIdentities } from "../backup/identity.ts";
import { openData } from "../backup/opendata.ts";
import { openTargets, type OpenTargets, type TargetsOf } from "../backup/session.ts";
import type { TargetStore } from "../backup/targetstore.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { Scratch, scratchFor } from "../process/scratch.ts";
import type { SnapshotSource } from "./source.ts";

/** As far as a restore goes. */
export type SetsOfTargets = Pick<TargetStore, "list" | "listing" | "copies">;

/** @throws CliError (bad input) when the time is none. */
export function requireTime(to: string | undefined): void {
  if (to === undefined || !Number.isNaN(Date.parse(to))) return;
  throw new CliError(`--to ${to} is no time: write it as 2026-11-29T21:00:00Z.`, Exit.badInput);
}

/** @throws CliError when there is no such set. */
export function requireSet(sets: readonly DataSet[], wanted: WantedSet): DataSet {
  const choice = chooseSet(sets, wanted, Date.now(), "data");
  if ("set" in choice) return choice.set;
  throw new CliError(
    "problem" in choice
      ? choice.problem
      : `No target has a ${choice.missing}: ./plinth backup list tells what there is.`,
  );
}

/**
 * A set on one of the stack's targets: it is opened here by the operator's key, which goes to no host. A copy that cannot be used gives
 * way to that of the next target.
 *
 * @param open tests pass their own.
 */
export function targetSource(
  of: TargetsOf,
  settings: BackupSettings,
  wanted: WantedSet,
  signal: AbortSignal,
  open: (
    ...args: Parameters<typeof openTargets>
  ) => Promise<Pick<OpenTargets, "close"> & { store: SetsOfTargets }> = openTargets,
): SnapshotSource {
  return {
    open: async () => {
      const identities = readIdentities();
      const targets = await open(of, settings, signal);
      try {
        const scratch = await Scratch.open(scratchFor.restore);
        const close = (): Promise<void> => scratch[Symbol.asyncDispose]();
        try {
          const listed = await targets.store.list();
          const sets = listed.flatMap((one) => ("set" in one && one.set.kind === "data" ? [one.set] : []));
          const { problems } = await targets.store.listing();
          for (const problem of problems) of.terminal.warn(problem);
          const set = requireSet(sets, wanted);
          const path = scratch.path("snapshot.db");
          const onBad = (sentence: string): void => {
            of.terminal.warn(sentence);
          };
          await writeSnapshot(await targets.store.copies(set), { set, identities, path, onBad, signal });
          return { path, name: `set ${set.id}`, time: Date.parse(set.time), set, close };
        } catch (error) {
          await close();
          throw error;
        }
      } finally {
        await targets.close();
      }
    },
  };
}

/** What a snapshot is written with. */
interface Writing {
  set: DataSet;
  /** The operator's private keys. */
  identities: readonly string[];
  /** File that it is written to. */
  path: string;
  /** Is told of each copy that gave way to another. */
  onBad: (sentence: string) => void;
  signal: AbortSignal;
}

/**
 * Writes the snapshot of a set to a file, from the first copy that is whole.
 *
 * @returns the copies that were not looked at.
 * @throws CliError where none can be used.
 */
export async function writeSnapshot(
  copies: readonly SealedCopy[],
  { set, identities, path, onBad, signal }: Writing,
): Promise<SealedCopy[]> {
  const write = async (sealed: Readable): Promise<void> =>
    pipeline(await openData(sealed, identities, set), createWriteStream(path, { mode: 0o600 }));
  return (await useCopy(set.id, copies, write, onBad, signal)).others;
}
