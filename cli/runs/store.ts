import { mkdirSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunState } from "../../plan/runs/progress.ts";
import { runRetention, streamOf, streamsIn, tooOld } from "../../plan/runs/retention.ts";
import { findProcess } from "../process/identity.ts";
import type { Project } from "../project/project.ts";

/** Where runs of a stack leave their events, a stream each. What is kept of them for longer is in local/history.ts. */
export function runsFolder({ workDir }: Pick<Project, "workDir">, stack: string): string {
  return join(workDir, "runs", stack);
}

/** Opens the file for the events of a run, and forgets runs that are too long ago. */
export function openStream(folder: string, run: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const streams = readdirSync(folder).map((name) => ({ name, bytes: statSync(join(folder, name)).size }));
  for (const name of tooOld(streams, runRetention)) rmSync(join(folder, name), { force: true });
  return openSync(join(folder, streamOf(run)), "wx", 0o600);
}

/** Names of the runs whose events are kept, the newest first. */
export function keptRuns(folder: string): string[] {
  try {
    return streamsIn(readdirSync(folder)).map((name) => name.slice(0, -".jsonl".length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

export function streamPath(folder: string, run: string): string {
  return join(folder, streamOf(run));
}

/** Whether a run goes on: it has not said how it ended, and its process is there. */
export function goesOn({ end, process: { pid, startTicks } }: RunState): boolean {
  return end === undefined && findProcess(pid)?.startTicks === startTicks;
}
