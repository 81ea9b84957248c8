import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheRoot } from "../../artifacts/cache.ts";
import type { BackupSettings } from "../../plan/backup/settings.ts";
import { CliError, QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import { closeSsh } from "../cluster/ssh-use.ts";
import { interruptible } from "../process/interrupt.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";
import { ensure } from "../supply/needs.ts";
import type { Terminal } from "../render/terminal.ts";
import { placesOf } from "./places.ts";
import type { Restic } from "./repository.ts";
import { TargetStore } from "./targetstore.ts";

/** The password of repositories, where the stack's passphrase is lost and the configuration cannot be read. */
export const passwordVariable = "PLINTH_BACKUP_PASSWORD";

/** @throws CliError (bad input) where the stack has no targets. */
export function requireBackups({ config }: Pick<LoadedStack, "config">, stack: string): BackupSettings {
  if (config.backup !== undefined) return config.backup;
  throw new CliError(
    `Stack "${stack}" has no backups: say in plinth:backup where sets go and who can open them (docs/backup.md).`,
    Exit.badInput,
  );
}

/**
 * Does something with the targets of a stack, and closes them again, also after Ctrl-C.
 *
 * @param clusterId whose sets are looked for; undefined: of all clusters.
 */
export async function withTargets<T>(
  {
    project,
    input,
    terminal,
    clusterId,
  }: { project: Project; input: LoadedStack; terminal: Terminal; clusterId: string | undefined },
  settings: BackupSettings,
  work: (store: TargetStore, restic: Restic, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-backup-"));
  const stopping = new AbortController();
  try {
    const { interrupted, outcome } = await interruptible(
      async () => {
        const version = input.config.resticVersion;
        const executable = (await ensure([{ name: "restic", version }], terminal, stopping.signal)).get("restic");
        if (executable === undefined) throw new Error("ensureArtifacts returned no path for restic.");
        const places = await placesOf(project, input, settings, async (name, text) => {
          const path = join(folder, name);
          await writeFile(path, text, { mode: 0o600 });
          return path;
        });
        const given = process.env[passwordVariable] ?? "";
        const password = given === "" ? settings.password : given;
        const restic = { executable, password, cacheDir: join(cacheRoot(), "restic"), signal: stopping.signal };
        return work(new TargetStore(restic, places, clusterId), restic, stopping.signal);
      },
      {
        stop: () => {
          terminal.warn("interrupted: waiting for what is under way. Press Ctrl-C again to end at once.");
          stopping.abort();
        },
        kill: () => process.exit(Exit.interrupted),
      },
    );
    if (interrupted) throw new QuietExit(Exit.interrupted);
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  } finally {
    await closeSsh();
    await rm(folder, { recursive: true, force: true });
  }
}
