import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isPackage, projectDir } from "../../home.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/** The project's folders. Everything Plinth writes beside the sources is under `.plinth/`, which is not in git. */
export interface Project {
  /** Absolute path of the folder with Pulumi.yaml, index.ts and hosts/. */
  readonly dir: string;
  /** `.plinth`, 0700. */
  readonly workDir: string;
  /** What stands in for files of the one stack that is worked on. */
  readonly proposal?: Proposal;
}

/** Inventory and configuration that a command was given as data, checked against the project's own (plan/proposal.ts). */
export interface Proposal {
  /** In place of what `hosts/<stack>.ts` exports, which is not loaded then. */
  readonly hosts?: readonly unknown[];
  /** In place of `Pulumi.<stack>.yaml`. */
  readonly stackFile?: Readonly<Record<string, unknown>>;
}

/**
 * The project that this command line is for: of a clone the clone, whatever the working directory; of the package the one that the working
 * directory is in (home.ts).
 *
 * @throws CliError where there is none.
 */
export function thisProject(): Project {
  const dir = projectDir();
  if (dir !== undefined && existsSync(join(dir, "Pulumi.yaml"))) return projectAt(dir);
  const searched = dir === undefined ? `neither ${process.cwd()} nor a folder above it has` : `${dir} does not have`;
  throw new CliError(
    `There is no project here: ${searched} a Pulumi.yaml. Go to the project's folder, or make a project by \`plinth init\`.`,
    Exit.badInput,
  );
}

/**
 * Fails in a project of one's own, for a command that works on Plinth's sources.
 *
 * @param command as it is typed, for example `bench fleet`.
 */
export function requireClone(command: string): void {
  if (!isPackage) return;
  throw new CliError(
    `\`plinth ${command}\` needs Plinth's sources, which its package does not have: run it in a clone of Plinth.`,
    Exit.badInput,
  );
}

export function projectAt(dir: string): Project {
  return { dir, workDir: join(dir, ".plinth") };
}

/**
 * Makes `.plinth/`, for this user alone whatever the umask, and returns its path. One that others may enter, as earlier releases have left
 * it, is closed to them, and with it all that is in it.
 *
 * @throws CliError when others may enter it and it is not this user's to close.
 */
export async function ensureWorkDir({ workDir }: Project): Promise<string> {
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  const { mode } = await stat(workDir);
  if ((mode & 0o077) === 0) return workDir;
  try {
    await chmod(workDir, 0o700);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `Other users may enter ${workDir}, which holds state and keys, and it could not be closed to them (${reason}): ` +
        `make it yours, for example by \`sudo chown -R "$(id -u)" ${workDir}\`, and run again.`,
      undefined,
      { cause: error },
    );
  }
  return workDir;
}

/** The stacks that have both an inventory and a configuration. */
export function listStacks(project: Project): string[] {
  const hosts = join(project.dir, "hosts");
  if (!existsSync(hosts)) return [];
  return readdirSync(hosts)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length))
    .filter((stack) => existsSync(join(project.dir, `Pulumi.${stack}.yaml`)))
    .sort();
}

/** Fails with a sentence that names the known stacks when `stack` is not one of them. */
export function requireStack(project: Project, stack: string): void {
  const known = listStacks(project);
  if (known.includes(stack)) return;
  const list = known.length === 0 ? "there is none yet" : `there are: ${known.join(", ")}`;
  throw new CliError(
    `There is no stack "${stack}" (${list}). A stack is made of hosts/${stack}.ts and Pulumi.${stack}.yaml.`,
    Exit.badInput,
  );
}
