import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

/** Writes a kubeconfig into memory (0600) while `use` runs, and removes it afterwards. */
export async function withKubeconfig<T>(
  content: string,
  use: (path: string) => Promise<T>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  const dir = mkdtempSync(join(memoryDir(env), "plinth-"));
  try {
    const path = join(dir, "kubeconfig");
    writeFileSync(path, content, { mode: 0o600 });
    return await use(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
