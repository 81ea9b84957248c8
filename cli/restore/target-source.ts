import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import { newestUntil, type DataSet } from "../../plan/backup/set.ts";
import { readIdentities } from "../backup/identity.ts";
import { openData } from "../backup/opendata.ts";
import { openTargets, type TargetsOf } from "../backup/session.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { SnapshotSource } from "./source.ts";

/** Which set of data is wanted. Default: the newest. */
export interface WantedSet {
  backup?: string;
  /** ISO 8601; the newest set that is not later. */
  to?: string;
}

/** @throws CliError (bad input) when the time is none. */
export function timeWanted(to: string | undefined): number | undefined {
  if (to === undefined) return undefined;
  const time = Date.parse(to);
  if (!Number.isNaN(time)) return time;
  throw new CliError(`--to ${to} is no time: write it as 2026-11-29T21:00:00Z.`, Exit.badInput);
}

/** @throws CliError when there is no such set. */
export function chooseSet(sets: readonly DataSet[], { backup, to }: WantedSet): DataSet {
  const chosen = backup === undefined ? newestUntil(sets, timeWanted(to)) : sets.find(({ id }) => id === backup);
  if (chosen !== undefined) return chosen;
  const which = backup !== undefined ? ` ${backup}` : to !== undefined ? ` that is not later than ${to}` : "";
  throw new CliError(`No target has a set of data${which}: ./plinth backup list tells what there is.`);
}

/** A set on one of the stack's targets: it is opened here by the operator's key, which goes to no host. */
export function targetSource(
  of: TargetsOf,
  settings: BackupSettings,
  wanted: WantedSet,
  signal: AbortSignal,
): SnapshotSource {
  return {
    open: async () => {
      const identities = readIdentities();
      const targets = await openTargets(of, settings, signal);
      const folder = await mkdtemp(join(tmpdir(), "plinth-restore-"));
      const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        const listed = await targets.store.list();
        const sets = listed.flatMap((one) => ("set" in one && one.set.kind === "data" ? [one.set] : []));
        const { problems } = await targets.store.listing();
        for (const problem of problems) of.terminal.warn(problem);
        const set = chooseSet(sets, wanted);
        const path = join(folder, "snapshot.db");
        const clear = await openData(await targets.store.read(set.id), identities, set);
        await pipeline(clear, createWriteStream(path, { mode: 0o600 }));
        return { path, name: `set ${set.id}`, time: Date.parse(set.time), set, close };
      } catch (error) {
        await close();
        throw error;
      } finally {
        await targets.close();
      }
    },
  };
}
