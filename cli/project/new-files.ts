import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";

/**
 * Writes files below a folder.
 *
 * @param force whether files that are there already are overwritten.
 * @throws CliError that names all of those, before anything is written.
 */
export async function writeNew(
  folder: string,
  files: readonly { path: string; text: string }[],
  force: boolean,
): Promise<void> {
  const there = files.map(({ path }) => path).filter((path) => existsSync(join(folder, path)));
  if (there.length > 0 && !force) {
    const are = there.length === 1 ? "is" : "are";
    throw new CliError(
      `${there.join(", ")} ${are} in ${folder} already, and nothing was written: choose another --stack, or overwrite by --force.`,
      Exit.badInput,
    );
  }
  for (const { path, text } of files) {
    const whole = join(folder, path);
    await mkdir(dirname(whole), { recursive: true });
    // Whoever makes it between the look and now keeps it.
    await writeFile(whole, text, { flag: force ? "w" : "wx" });
  }
}
