import { join } from "node:path";
import { cacheRoot } from "../../artifacts/cache.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { closeSsh } from "../cluster/ssh-use.ts";
import { interruptible } from "../process/interrupt.ts";
import { Scratch, scratchFor } from "../process/scratch.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";
import { ensure } from "../supply/needs.ts";
import type { Terminal } from "../render/terminal.ts";
import type { ListLimits } from "./limits.ts";
import { placesOf } from "./places.ts";
import { requireNoPool } from "./pools.ts";
import type { Restic } from "./repository.ts";
import { TargetStore } from "./targetstore.ts";

/** The password of repositories, where the stack's passphrase is lost and the configuration cannot be read. */
export const passwordVariable = "PLINTH_BACKUP_PASSWORD";

/** @throws CliError (bad input) where the stack has no targets, or is a pool. */
export function requireBackups(
  { config, settings }: Pick<LoadedStack, "config" | "settings">,
  stack: string,
): BackupSettings {
  requireNoPool(stack, settings.config, "sets");
  if (config.backup !== undefined) return config.backup;
  throw new CliError(
    `Stack "${stack}" has no backups: say in plinth:backup where sets go and who can open them (docs/backup.md).`,
    Exit.badInput,
  );
}

/** The targets of a stack, opened. */
export interface OpenTargets {
  store: TargetStore;
  restic: Restic;
  /** Removes what was made for it. */
  close: () => Promise<void>;
}

export interface TargetsOf {
  project: Project;
  input: LoadedStack;
  terminal: Terminal;
  /** Whose sets are looked for; undefined: of all clusters. */
  clusterId: string | undefined;
  /** How much of a place's list is read. Default: see cli/backup/limits.ts. */
  limits?: ListLimits;
  /**
   * Whether everything is read from targets, and nothing counts that this machine has kept of earlier reads: it would hide damage from whoever
   * is to show that somebody with the targets alone can restore. Default: no.
   */
  anew?: boolean;
}

/**
 * Opens the targets of a stack, and removes what killed runs have left that had opened sets. Whoever calls closes them, and the SSH
 * connections.
 */
export async function openTargets(
  { project, input, terminal, clusterId, anew = false, ...limits }: TargetsOf,
  settings: BackupSettings,
  signal: AbortSignal,
): Promise<OpenTargets> {
  const scratch = await Scratch.open(scratchFor.targets);
  const close = (): Promise<void> => scratch[Symbol.asyncDispose]();
  try {
    const version = input.config.resticVersion;
    const executable = (await ensure([{ name: "restic", version }], terminal, signal)).get("restic");
    if (executable === undefined) throw new Error("ensureArtifacts returned no path for restic.");
    const places = await placesOf(project, input, settings, (name, text) => scratch.write(name, text));
    const given = process.env[passwordVariable] ?? "";
    const password = given === "" ? settings.password : given;
    const restic = { executable, password, cacheDir: anew ? undefined : join(cacheRoot(), "restic"), signal };
    return { store: new TargetStore(restic, places, clusterId, limits), restic, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Does something with the targets of a stack, and closes them again, also after Ctrl-C. */
export async function withTargets<T>(
  of: TargetsOf,
  settings: BackupSettings,
  work: (store: TargetStore, restic: Restic, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController();
  const { interrupted, outcome } = await interruptible(
    async () => {
      const { store, restic, close } = await openTargets(of, settings, stopping.signal);
      try {
        return await work(store, restic, stopping.signal);
      } finally {
        await closeSsh();
        await close();
      }
    },
    {
      stop: () => {
        of.terminal.warn("interrupted: waiting for what is under way. Press Ctrl-C again to end at once.");
        stopping.abort();
      },
      kill: () => process.exit(Exit.interrupted),
    },
  );
  if (interrupted) throw new QuietExit(Exit.interrupted);
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
