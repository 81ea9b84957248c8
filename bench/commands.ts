import { spawn } from "node:child_process";

export interface CommandBenchOptions {
  /** What is put before a command's own words. */
  launcher: readonly string[];
  /** How often each command is run. */
  times: number;
  say: (line: string) => void;
  /** Ends the bench after what is under way. */
  stop: AbortSignal;
}

/** What the runs of one command took. */
export interface CommandRow {
  command: string;
  /** Seconds of each run, in their order. */
  seconds: number[];
  /** Why it counts as failed. */
  failure: string | undefined;
}

/** Commands of every day that change nothing where nothing is to be changed. */
const commands = [["up", "--yes"], ["preview"], ["drift"], ["status"], ["kubectl", "get", "nodes"]] as const;

/**
 * Times each command several times, one after the other; all of them once before they are run again.
 *
 * @throws Error when something would be changed: these measurements are of runs that change nothing.
 */
export async function benchCommands({ launcher, times, say, stop }: CommandBenchOptions): Promise<CommandRow[]> {
  const check = await timed([...launcher, "preview", "--expect-no-changes"]);
  if (check.code !== 0) {
    const last = check.said.trimEnd().split("\n").at(-1) ?? "";
    throw new Error(
      `the lab is not as its inventory says, so that \`up\` would change it (${last}): run ./plinth up first, then measure`,
    );
  }
  const rows = commands.map((words): CommandRow & { words: readonly string[] } => ({
    words,
    command: words.join(" "),
    seconds: [],
    failure: undefined,
  }));
  for (let round = 1; round <= times; round++) {
    for (const row of rows) {
      if (stop.aborted || row.failure !== undefined) continue;
      say(`${row.command} (${round} of ${times})`);
      const { code, seconds, said } = await timed([...launcher, ...row.words]);
      if (code === 0) {
        row.seconds.push(seconds);
        continue;
      }
      row.failure = `exit code ${code ?? "none, a signal ended it"}`;
      say(`${row.command} FAILED: ${row.failure}\n${said.trimEnd().split("\n").slice(-20).join("\n")}`);
    }
  }
  return rows.map(({ command, seconds, failure }) => ({ command, seconds, failure }));
}

async function timed(words: readonly string[]): Promise<{ code: number | null; seconds: number; said: string }> {
  const [program = "", ...args] = words;
  const started = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const err: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, seconds: (performance.now() - started) / 1000, said: err.join("") };
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (lower + upper) / 2;
}
