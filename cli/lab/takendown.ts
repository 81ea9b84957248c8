import { existsSync, rmSync } from "node:fs";
import { LabPaths } from "../../lab/paths.ts";
import { thisProject } from "../project/project.ts";

const file = (): string => new LabPaths(thisProject().dir).takenDown;

/** Whether `lab down` was the last word on the lab: it has had no cluster since. */
export function wasTakenDown(): boolean {
  return existsSync(file());
}

/** The lab has a cluster again. */
export function forgetTakenDown(): void {
  rmSync(file(), { force: true });
}
