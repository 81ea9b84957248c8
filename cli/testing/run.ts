import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../errors.ts";
import type { Project } from "../project/project.ts";
import { formatDuration } from "../render/duration.ts";
import type { Terminal } from "../render/terminal.ts";
import { staticChecks } from "./checks.ts";
import { provide } from "./needs.ts";
import { shards } from "./shards.ts";
import { addTallies, emptyTally, type Tally } from "./tally.ts";
import type { Tier } from "./tiers.ts";

export interface TestRun {
  project: Project;
  terminal: Terminal;
  /** Only tests whose title matches this regular expression. */
  grep: string | undefined;
}

/**
 * Runs Node; returns the exit code, or 128 and more for a signal.
 *
 * @param whole Whether what it prints is kept until its end, and printed at once: others print meanwhile.
 */
function node(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, whole = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const said: Buffer[] = [];
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ["ignore", whole ? "pipe" : "inherit", whole ? "pipe" : "inherit"],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => said.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.stdout.write(Buffer.concat(said));
      resolve(code ?? (signal === "SIGINT" ? 130 : 129));
    });
  });
}

/** Runs the static checks. They are not tests: only those that fail are counted. */
export async function runChecks({ project, terminal }: TestRun): Promise<Tally> {
  let tally = emptyTally;
  for (const { name, args } of staticChecks) {
    const started = performance.now();
    const code = await node(args, project.dir, process.env);
    const verdict = code === 0 ? terminal.paint("green", "ok") : terminal.paint("red", "failed");
    terminal.print(`  ${name}: ${verdict} (${formatDuration(performance.now() - started)})`);
    if (code !== 0) tally = addTallies(tally, { ...emptyTally, failed: 1 });
  }
  return tally;
}

function readTally(path: string): Tally | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Tally;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** How many times as many shards as processes: one that takes longer than the others is waited for by few. */
const shardsOfProcess = 4;

/**
 * Runs one tier in a process of its own, or in one for each processor where its files do not touch each other. A process that dies before
 * its end counts as one failure more.
 */
export async function runTier(tier: Tier, run: TestRun): Promise<Tally> {
  const { project, terminal } = run;
  const files = globSync(tier.files, { cwd: project.dir }).sort();
  if (files.length === 0) {
    terminal.print("  no tests");
    return emptyTally;
  }
  let env: Record<string, string>;
  try {
    env = await provide(tier.needs, project, terminal);
  } catch (error) {
    terminal.warn(describeError(error, false));
    return { ...emptyTally, failed: 1 };
  }
  const processes = tier.apart === true ? availableParallelism() : 1;
  if (processes === 1) return runFiles(tier, run, files, env, false);
  const sizes = new Map(files.map((file) => [file, statSync(join(project.dir, file)).size]));
  const waiting = shards(sizes, processes * shardsOfProcess);
  let total = emptyTally;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      total = addTallies(await runFiles(tier, run, next, env, true), total);
  };
  await Promise.all(Array.from({ length: processes }, work));
  return total;
}

/** Runs some files of a tier in a process. @param whole see {@link node}. */
async function runFiles(
  tier: Tier,
  { project, terminal, grep }: TestRun,
  files: readonly string[],
  env: Record<string, string>,
  whole: boolean,
): Promise<Tally> {
  const dir = mkdtempSync(join(tmpdir(), "plinth-test-"));
  const path = join(dir, "tally.json");
  try {
    const code = await node(
      [
        "node_modules/mocha/bin/mocha.js",
        "--reporter",
        join(import.meta.dirname, "reporter.ts"),
        "--timeout",
        String(tier.timeout),
        "--forbid-only",
        ...(grep === undefined ? [] : ["--grep", grep]),
        ...(whole && terminal.interactive ? ["--color"] : []),
        ...files,
      ],
      project.dir,
      // Tests must not depend on how whoever runs them reaches hosts of his own.
      { ...process.env, PLINTH_SSH_CONFIG: "none", ...env, PLINTH_TALLY: path },
      whole,
    );
    const tally = readTally(path);
    if (tally === undefined) {
      terminal.warn(
        `the tier ${tier.name} ended before its tests were over (exit code ${code}); it ran ${files.join(", ")}.`,
      );
      return { ...emptyTally, failed: 1 };
    }
    return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
