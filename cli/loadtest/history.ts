import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseReport, type LoadTestReport } from "../../plan/loadtest/report.ts";
import type { Project } from "../project/project.ts";

/** Reports of a stack that are kept. */
const mostKept = 20;

/** Is there from before a load test makes something until all of it is gone again: what it holds is the namespace. */
const markName = "running";

/** Notes that a load test of a stack begins, or that nothing is left of it. */
export function mark(project: Project, stack: string, namespace: string | undefined): void {
  const folder = folderOf(project, stack);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (namespace === undefined) rmSync(join(folder, markName), { force: true });
  else writeFileSync(join(folder, markName), `${namespace}\n`, { mode: 0o600 });
}

/** Whether a load test that was begun from this clone may have left something. */
export function isMarked(project: Project, stack: string): boolean {
  return existsSync(join(folderOf(project, stack), markName));
}

const name = /^\d{8}T\d{6}Z-[a-z0-9]+\.json$/;

function folderOf({ workDir }: Project, stack: string): string {
  return join(workDir, "loadtest", stack);
}

/** Names of the reports of a stack, the oldest first. */
function kept(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => name.test(file))
        .sort()
    : [];
}

/** What earlier load tests of a stack have found, from this clone: the oldest first. What cannot be read is left out. */
export function readReports(project: Project, stack: string): LoadTestReport[] {
  const folder = folderOf(project, stack);
  return kept(folder).flatMap((file) => parseReport(readFileSync(join(folder, file), "utf8")) ?? []);
}

/**
 * Keeps a report below `.plinth`, and forgets the oldest beyond {@link mostKept}.
 *
 * @returns the file.
 */
export function keepReport(project: Project, report: LoadTestReport): string {
  const folder = folderOf(project, report.stack);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = report.begun.replace(/\.\d+/, "").replace(/[-:]/g, "");
  const path = join(folder, `${at}-${report.id}.json`);
  writeFileSync(`${path}.new`, `${JSON.stringify(report)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  for (const file of kept(folder).slice(0, -mostKept)) rmSync(join(folder, file));
  return path;
}
