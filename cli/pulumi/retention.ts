import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../project/project.ts";
import type { Backend } from "./backend.ts";

/** How much of a stack's past is kept in the project's own state folder. */
export interface Retention {
  /** Runs. */
  count: number;
  /** Bytes of each kind of copy. */
  bytes: number;
}

/** The engine copies the whole state at the end of every run, twice, and never deletes a copy. */
export const retention: Retention = { count: 30, bytes: 256 * 1024 ** 2 };

interface Copy {
  name: string;
  bytes: number;
}

/** `lab.1795821719590362513.json`, `lab-1795821719590362513.checkpoint.json`: a run is known by its nanosecond. */
function runOf(name: string): string | undefined {
  return /[.-](\d{19})\./.exec(name)?.[1];
}

/** The copies of runs that are too long ago. Those of the last two runs stay, whatever their size. */
export function expired(copies: readonly Copy[], { count, bytes }: Retention): string[] {
  const runs = new Map<string, Copy[]>();
  for (const copy of copies) {
    const run = runOf(copy.name);
    if (run !== undefined) runs.set(run, [...(runs.get(run) ?? []), copy]);
  }
  const newest = [...runs].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, files]) => files);
  let used = 0;
  return newest.flatMap((files, index) => {
    used += files.reduce((sum, file) => sum + file.bytes, 0);
    return index >= 2 && (index >= count || used > bytes) ? files.map(({ name }) => name) : [];
  });
}

function copiesIn(folder: string): Copy[] {
  try {
    return readdirSync(folder).map((name) => ({ name, bytes: statSync(join(folder, name)).size }));
  } catch (error) {
    // The engine makes these folders at the end of the first run.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Deletes old copies of a stack's state, in the project's own folder only: a backend that users chose is theirs. */
export function dropOldCopies(
  project: Project,
  backend: Backend,
  { projectName, stack }: { projectName: string; stack: string },
  limits = retention,
): void {
  if (backend.stateDir !== join(project.workDir, "state")) return;
  for (const kind of ["backups", "history"]) {
    const folder = join(backend.stateDir, ".pulumi", kind, projectName, stack);
    for (const name of expired(copiesIn(folder), limits)) rmSync(join(folder, name), { force: true });
  }
}
