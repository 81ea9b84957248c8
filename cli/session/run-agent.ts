import { mkdtemp, lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chosenKey } from "../../components/host/loginkey.ts";
import { PlinthError } from "../../plan/findings.ts";
import {
  environmentAgent,
  FileMemory,
  inOrderOfUse,
  lendKey,
  lendKeysOf,
  serveAgent,
  type LoginKey,
} from "../../ssh/index.ts";
import { CliError } from "../errors.ts";
import { findProcess } from "../process/identity.ts";
import type { PluginMode } from "../pulumi/plugins.ts";

const prefix = "plinth-agent-";

/** An SSH agent for the time of a run. */
export interface RunAgent {
  /** Environment of who logs in by it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Whether a folder is that of a run that was killed: its name says which process has made it. */
function isLeft(name: string): boolean {
  const [, pid, startTicks] = /^plinth-agent-(\d+)-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && findProcess(Number(pid))?.startTicks !== startTicks;
}

/** Another run may have removed it. */
function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** Removes the folders of runs that were killed; those of other users are left alone. */
async function clearDead(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (!isLeft(name)) continue;
    const folder = join(base, name);
    const found = await lstat(folder).catch(unlessGone);
    if (found?.isDirectory() === true && found.uid === process.getuid?.())
      await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts an agent that has what this run logs in with, and no more: the key of `plinth:sshPrivateKeyFile`, or the keys of the
 * user's agent, those first that hosts took. The official command plugin knows no other way to a key that is not in the state,
 * and offers all keys of an agent to each host. The bundled plugin logs in as this process does, and needs none.
 *
 * The socket is in a folder of mode 0700 that `close` removes, or the next run when this one is killed.
 *
 * @param keyFile `plinth:sshPrivateKeyFile`
 * @param base tests pass their own folder.
 * @throws PlinthError when the key cannot be used.
 */
export async function openRunAgent(mode: PluginMode, keyFile: string | undefined, base = tmpdir()): Promise<RunAgent> {
  await clearDead(base);
  const none = { env: {}, close: () => Promise.resolve() };
  if (mode === "bundled") return none;
  const { key, findings } = await chosenKey(keyFile);
  if (findings.length > 0) throw new PlinthError(findings);
  const keys = key?.own === undefined ? lentByAgent(key) : lendKey(key.own);
  if (keys === undefined) return none;
  const self = findProcess(process.pid);
  if (self === undefined) throw new CliError("/proc is not readable: cannot start the SSH agent of this run.");
  const folder = await mkdtemp(join(base, `${prefix}${self.pid}-${self.startTicks}-`));
  const socket = join(folder, "agent");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const stop = await serveAgent(socket, keys);
    return { env: { SSH_AUTH_SOCK: socket }, close: () => stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** @param key the only one to lend; undefined: all. */
function lentByAgent(key: LoginKey | undefined): ReturnType<typeof lendKeysOf> | undefined {
  const socket = environmentAgent();
  if (socket === undefined) return undefined;
  return lendKeysOf(socket, (keys) => {
    if (key !== undefined) return keys.filter((candidate) => candidate.getPublicSSH().equals(key.key.blob));
    // Read each time: hosts may have taken keys since.
    return inOrderOfUse(keys, (one) => one.getPublicSSH().toString("base64"), "", new FileMemory().taken());
  });
}
