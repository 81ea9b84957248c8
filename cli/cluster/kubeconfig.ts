import { randomUUID } from "node:crypto";
import { accessSync, closeSync, constants, openSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A folder in memory: credentials never reach a disk. */
function memoryDir(env: NodeJS.ProcessEnv): string {
  const found = [env["XDG_RUNTIME_DIR"], "/dev/shm"].find((dir) => dir !== undefined && dir !== "" && isWritable(dir));
  if (found === undefined) {
    throw new CliError("Neither XDG_RUNTIME_DIR nor /dev/shm can be written: there is no safe place for a kubeconfig.");
  }
  return found;
}

/** Where a program finds the first file that it inherits besides its standard ones. It may open that any number of times. */
export const inheritedFile = "/proc/self/fd/3";

/**
 * Holds a kubeconfig in memory while `use` runs, as an open file without a name: no end of this process, however sudden, leaves it behind.
 *
 * @param use gets the file's descriptor, to be inherited by who reads it: {@link inheritedFile}.
 * @throws CliError when there is no place in memory.
 */
export async function withKubeconfig<T>(
  content: string,
  use: (file: number) => Promise<T>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const path = join(memoryDir(env), `plinth-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    writeFileSync(file, content);
    return await use(file);
  } finally {
    closeSync(file);
  }
}
