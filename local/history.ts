import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { withLock } from "./lock.ts";

/** Runs that are kept of a stack. */
export const mostRuns = 200;
/** Of those, runs of one command: what a timer runs does not drive out what was changed. */
export const mostOfOne = 60;
/** Bytes that the file of a stack has at most: the oldest runs go. A run on 500 hosts takes about 8 kB. */
export const mostBytes = 1024 * 1024;
/** Durations that are kept of one kind of step in one run. */
export const mostDurations = 32;
/** Seconds that another process may take to write the same file. */
const patience = 10;

/** How a run ended. */
export const runResults = [
  /** What was asked for is done; a look for drift found none. */
  "done",
  /** `--expect-no-changes`, and something would change. */
  "changes",
  /** A look for drift found some. */
  "drift",
  /** A guard refused. No host was touched. */
  "refused",
  /** Inventory, configuration or access to a host is not valid. No host was touched. */
  "invalid",
  "failed",
  "interrupted",
  /** Somebody was asked, and said no. */
  "declined",
] as const;
export type RunResult = (typeof runResults)[number];

const milliseconds = z.int().nonnegative();
const name = z.string().min(1).max(200);

const pastRun = z.object({
  /** For example `up`. */
  command: name,
  /** When it began: ISO 8601, UTC. */
  began: z.iso.datetime(),
  /** Milliseconds. */
  duration: milliseconds,
  result: z.enum(runResults),
  /** Hosts of the inventory. */
  hosts: z.int().nonnegative(),
  /** Where the time went, in the order in which the phases began. */
  phases: z.array(z.object({ name, duration: milliseconds })).max(100),
  /** Commands on hosts that have succeeded, by kind, such as `update etcd`. */
  steps: z
    .array(
      z.object({
        kind: name,
        count: z.int().positive(),
        /** Milliseconds each, sorted; of many a sample of {@link mostDurations}, with the shortest and the longest. */
        durations: z.array(milliseconds).min(1).max(mostDurations),
      }),
    )
    .max(1000),
  /** Operation of the engine → number of resources that were changed by it. */
  changes: z.record(name, z.int().nonnegative()),
  /** Differences that a look for drift found. Only of commands that look for it. */
  differences: z.int().nonnegative().optional(),
});

/** One run of a command on a stack, as its history keeps it. */
export type PastRun = z.output<typeof pastRun>;

/** `.plinth/history/<stack>.jsonl`: one line of JSON for each run, the newest last. */
export function historyPath(projectDir: string, stack: string): string {
  return join(projectDir, ".plinth", "history", `${stack}.jsonl`);
}

/** The line as it is kept, or undefined where it makes no sense: a run that was killed may have left half of one. */
function readLine(line: string): PastRun | undefined {
  try {
    return pastRun.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // It is no JSON.
  }
}

/** Every run that can be read, the oldest first. Lines of earlier releases, which had steps alone, are left out. */
export function parseHistory(text: string): PastRun[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : (readLine(line) ?? [])));
}

/**
 * The runs of a stack from this project, the oldest first.
 *
 * @param projectDir folder with Pulumi.yaml.
 * @returns none where there is no history.
 */
export function readHistory(projectDir: string, stack: string): PastRun[] {
  const path = historyPath(projectDir, stack);
  return existsSync(path) ? parseHistory(readFileSync(path, "utf8")) : [];
}

/** Tells one content of the history of a stack from another. */
export function historyMark(projectDir: string, stack: string): string {
  const seen = statSync(historyPath(projectDir, stack), { throwIfNoEntry: false });
  return seen === undefined ? "" : `${seen.ino} ${seen.mtimeMs} ${seen.size}`;
}

/** The newest runs that fit, as lines. */
function bounded(runs: readonly PastRun[]): string[] {
  const kept: string[] = [];
  const counts = new Map<string, number>();
  let bytes = 0;
  for (const run of runs.toReversed()) {
    const count = (counts.get(run.command) ?? 0) + 1;
    counts.set(run.command, count);
    if (count > mostOfOne) continue;
    const line = JSON.stringify(run);
    bytes += Buffer.byteLength(line) + 1;
    if (kept.length === mostRuns || bytes > mostBytes) break;
    kept.push(line);
  }
  return kept.toReversed();
}

/**
 * Adds a run to the history of its stack, for this user alone. The file is whole at every moment: it is written aside and
 * renamed, by one process at a time. What cannot be read of it, and the oldest beyond the limits, go.
 *
 * @throws Error with a sentence when it could not be written. The run stays what it was.
 */
export async function appendRun(projectDir: string, stack: string, run: PastRun): Promise<void> {
  const path = historyPath(projectDir, stack);
  const added = pastRun.parse(run);
  await mkdir(join(projectDir, ".plinth", "history"), { recursive: true, mode: 0o700 });
  const lock = join(projectDir, ".plinth", `history.${stack}.lock`);
  const write = async (): Promise<void> => {
    const runs = [...readHistory(projectDir, stack), added];
    const aside = `${path}.${process.pid}`;
    try {
      await writeFile(aside, `${bounded(runs).join("\n")}\n`, { mode: 0o600, flush: true });
      await rename(aside, path);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  };
  await withLock(lock, () => undefined, write, patience);
}

/** The durations of a kind of step as they are kept: sorted, and of many as many as fit, evenly chosen. */
export function sampleOf(durations: readonly number[]): number[] {
  const sorted = durations.map(Math.round).sort((a, b) => a - b);
  if (sorted.length <= mostDurations) return sorted;
  const last = sorted.length - 1;
  return Array.from(
    { length: mostDurations },
    (_, index) => sorted[Math.round((index * last) / (mostDurations - 1))] ?? 0,
  );
}
