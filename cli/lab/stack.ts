import { existsSync, rmSync } from "node:fs";
import { LabPaths } from "../../lab/paths.ts";
import { thisProject } from "../project/project.ts";

/** The stack whose hosts run on this machine, in a network namespace of their own. */
export const LAB_STACK = "lab";

const file = (): string => new LabPaths(thisProject().dir).takenDown;

/** Whether `lab down` was the last word on the lab: it has had no cluster since. */
export function wasTakenDown(): boolean {
  return existsSync(file());
}

/** The lab has a cluster again. */
export function forgetTakenDown(): void {
  rmSync(file(), { force: true });
}
