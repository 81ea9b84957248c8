import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { benchStack, type BenchProject } from "./project.ts";
import { Sampler, type RunCost } from "./sampler.ts";
import { CheckpointCounter, stateSize, type StateSize } from "./state.ts";

/** What one run of the command line came to. */
export interface OperationResult {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  seconds: number;
  cost: RunCost;
  checkpoints: number;
  state: StateSize | undefined;
  /** Resources that were changed or would be; undefined where the command did not say. */
  changes: number | undefined;
  /** What it said on stderr. */
  said: string;
}

/** Runs `./plinth ARGUMENTS` of the copy and measures it. Every Ctrl-C meanwhile is passed on, as its terminal would do. */
export async function measure(
  project: BenchProject,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<OperationResult> {
  const checkpoints = new CheckpointCounter(project.stateDirectory, benchStack);
  const started = performance.now();
  const child = spawn(process.execPath, [join(project.directory, "cli", "main.ts"), ...args, "--json"], {
    cwd: project.directory,
    env: project.environment(env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const interrupt = (): void => {
    child.kill("SIGINT");
  };
  process.on("SIGINT", interrupt);
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => out.push(chunk));
  const log = createWriteStream(join(project.folder, "log"), { flags: "a" });
  log.write(`== ${args.join(" ")}\n`);
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err.push(chunk);
    log.write(chunk);
  });
  const sampler = child.pid === undefined ? undefined : new Sampler(child.pid);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  log.end();
  const seconds = (performance.now() - started) / 1000;
  process.off("SIGINT", interrupt);
  const nothing = { cpuSeconds: 0, peakMiB: 0, writtenMiB: 0 };
  return {
    code,
    seconds,
    cost: sampler?.stop() ?? { program: nothing, engine: nothing, togetherMiB: 0 },
    checkpoints: checkpoints.stop(),
    state: await stateSize(project.stateDirectory, benchStack),
    changes: changesIn(out.join("")),
    said: err.join(""),
  };
}

const unchanged = new Set(["same", "read"]);

/** Number of changed resources in the JSON of `up` (`changes`) or `preview` (`summary`). */
export function changesIn(text: string): number | undefined {
  let document: { changes?: unknown; summary?: unknown };
  try {
    document = JSON.parse(text) as typeof document;
  } catch {
    return undefined; // The command has failed before it had something to tell.
  }
  const counts = document.summary ?? document.changes;
  if (typeof counts !== "object" || counts === null || Array.isArray(counts)) return undefined;
  return Object.entries(counts).reduce(
    (sum, [operation, count]) => (unchanged.has(operation) || typeof count !== "number" ? sum : sum + count),
    0,
  );
}
