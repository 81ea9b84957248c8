import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../local/lock.ts";
import { failureOf, runTimed, type Ended } from "./run.ts";
import { tasksFolder } from "./tasks.ts";

/** What ansible-core 2.19 needs on the operator's machine. */
const leastPython = [3, 11] as const;

const requirements = join(tasksFolder, "requirements.txt");

/** Why this machine's Python cannot be used; undefined where it can. */
export function pythonProblem(ended: Pick<Ended, "code" | "stdout"> | undefined): string | undefined {
  const least = leastPython.join(".");
  if (ended?.code !== 0)
    return `Ansible and pyinfra need Python ${least} or later, and this machine has no python3: install it.`;
  const [major = 0, minor = 0] = ended.stdout.trim().split(".").map(Number);
  if (major > leastPython[0] || (major === leastPython[0] && minor >= leastPython[1])) return undefined;
  return `Ansible and pyinfra need Python ${least} or later, and python3 of this machine is ${ended.stdout.trim()}: put a later one into PATH.`;
}

/**
 * Makes sure of a virtual environment with Ansible and pyinfra.
 *
 * @param cache folder of caches of the bench.
 * @returns the folder with their programs.
 * @throws Error in one sentence where Python, venv or the packages cannot be had.
 */
export async function ensurePython(cache: string, say: (line: string) => void): Promise<string> {
  const run = (...words: string[]): Promise<Ended> =>
    runTimed(words, { cwd: "/", env: process.env as Record<string, string> });
  const told = await run("python3", "-c", "import platform; print(platform.python_version())").catch(missing);
  const problem = pythonProblem(told);
  if (problem !== undefined || told === undefined) throw new Error(problem);
  const version = told.stdout.trim();
  const digest = createHash("sha256")
    .update(`${version}\0${await readFile(requirements, "utf8")}`)
    .digest("hex");
  const folder = join(cache, `python-${digest.slice(0, 16)}`);
  // It names its own place, so that it cannot be made aside and renamed.
  const complete = join(folder, "complete");
  await mkdir(cache, { recursive: true });
  const wait = (holder: string): void => {
    say(`waiting for ${holder}, which installs Ansible and pyinfra`);
  };
  await withLock(`${folder}.lock`, wait, async () => {
    if (existsSync(complete)) return;
    await rm(folder, { recursive: true, force: true });
    say(`installing Ansible and pyinfra into ${folder} (once)`);
    const made = failureOf(await run("python3", "-m", "venv", folder));
    if (made !== undefined)
      throw new Error(
        `python3 cannot make a virtual environment: ${made}; on Debian and Ubuntu the package python3-venv has what it needs.`,
      );
    const pip = [join(folder, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    const installed = failureOf(await run(...pip, "--requirement", requirements));
    if (installed !== undefined) throw new Error(`pip cannot install Ansible and pyinfra: ${installed}.`);
    await writeFile(complete, "");
  });
  return join(folder, "bin");
}

/** No such program is told as no answer. */
function missing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
