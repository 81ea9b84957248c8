import { eventually } from "../../support/eventually.ts";
import type { Project, Run } from "./project.ts";

/**
 * Waits until `./plinth status` finds nothing wrong, and returns what it said then.
 *
 * One look is not enough: `status` tells a moment, and a machine whose disk stalls for seconds makes etcd late in it. What a
 * first look finds is printed, so that a cluster that is late every time does not go unnoticed.
 *
 * @param seconds deadline.
 */
export async function healthy(project: Project, seconds = 60): Promise<Run> {
  let looks = 0;
  return eventually("status is green", seconds, async () => {
    const run = await project.plinth("status");
    looks += 1;
    if (run.code === 0) return run;
    if (looks === 1) console.log(`      status at the first look (exit ${run.code}):\n${problemsIn(run.text)}`);
    return undefined;
  });
}

/** The list of problems at the end of what `status` says; all of it when there is none. */
function problemsIn(text: string): string {
  return /^\d+ problems?:\n[^]*/m.exec(text)?.[0].trimEnd() ?? text;
}
