import { renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseStatus } from "../../plan/dashboard/document.ts";
import { pageOf } from "../../plan/dashboard/page.ts";
import { CliError, describeError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Project } from "../project/project.ts";
import { RunFollower } from "../runs/follow.ts";
import { filePage } from "./html.ts";
import { sectionsOf } from "./view/page.ts";

/**
 * Writes what is known of a stack as one page.
 *
 * @param document as `status --json` has it.
 * @returns the file's absolute path.
 * @throws CliError when it cannot be written.
 */
export function writePage(
  path: string,
  project: Pick<Project, "dir" | "workDir">,
  stack: string,
  document: Record<string, unknown>,
): string {
  const seen = new RunFollower(project, stack).look();
  const page = pageOf({ ...seen, stack, now: Date.now(), document: parseStatus(JSON.stringify(document)) });
  const target = resolve(path);
  const draft = `${target}.${process.pid}`;
  try {
    writeFileSync(draft, filePage(stack, sectionsOf(page)));
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CliError(
      `The page cannot be written to ${target}: ${describeError(error, false)}. Name a file in a folder that you may write.`,
      Exit.failed,
      { cause: error },
    );
  }
  return target;
}
