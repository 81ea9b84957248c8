import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { home, moduleExtension } from "../../home.ts";
import { exitCodeOfAll, nextTurns, type SiteStack, type Turn } from "../../plan/site.ts";
import { Exit } from "../exit.ts";
import { withoutPhases } from "../process/phases.ts";
import { tiedVariable } from "../process/tie.ts";
import { servedVariable } from "../supply/serving.ts";
import type { Terminal } from "../render/terminal.ts";

export interface SiteRun {
  /** Name of the command. */
  command: string;
  stacks: readonly SiteStack[];
  /** What each run is told besides its stack. */
  args: readonly string[];
  /** Whether pools wait for their cluster: true for runs that change something. */
  inOrder: boolean;
  /** Runs at the same time. */
  atOnce: number;
  /** Whether stdout is told line by line, too, and not kept. */
  live: boolean;
  terminal: Terminal;
  /** Addresses of artifact servers that outlive the runs. */
  served: readonly string[];
  /** What is run, with the command's name first. Default: this command line. Tests pass their own. */
  program?: string;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One stack's run. */
export interface SiteResult {
  turn: Turn;
  seconds: number;
  /** What it wrote to stdout. */
  stdout: string;
}

/**
 * Runs one command for several stacks, each in a process of its own, and returns what each came to, in the order of
 * `stacks`. What they say meanwhile is told line by line, with the stack's name before it. Ctrl-C reaches all of them, and
 * nothing begins after it.
 */
export async function runSite(run: SiteRun): Promise<SiteResult[]> {
  const { stacks, inOrder, atOnce } = run;
  const results = new Map<string, SiteResult>();
  const running = new Map<string, { child: ChildProcess; done: Promise<void> }>();
  const begun = new Set<string>();
  const stopping = new AbortController();
  const pass = (signal: NodeJS.Signals): void => {
    stopping.abort();
    for (const { child } of running.values()) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  try {
    for (;;) {
      const over = [...results.values()].map(({ turn }) => turn);
      const { ready, leftOut } = nextTurns(stacks, begun, over, inOrder);
      for (const turn of leftOut) {
        begun.add(turn.name);
        results.set(turn.name, { turn, seconds: 0, stdout: "" });
      }
      // What was left out may be what another one waits for.
      if (leftOut.length > 0) continue;
      for (const name of stopping.signal.aborted ? [] : ready.slice(0, atOnce - running.size)) {
        begun.add(name);
        const child = start(run, name);
        const done = finished(run, name, child).then((result) => {
          running.delete(name);
          results.set(name, result);
        });
        running.set(name, { child, done });
      }
      if (running.size === 0) break;
      await Promise.race([...running.values()].map(({ done }) => done));
    }
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
  return stacks.map(
    ({ name }) => results.get(name) ?? { turn: { name, code: Exit.interrupted }, seconds: 0, stdout: "" },
  );
}

const commandLine = join(home, "cli", `main${moduleExtension}`);

function start({ command, args, served, program = commandLine }: SiteRun, stack: string): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, program, command, "--stack", stack, ...args], {
    // A group of its own: Ctrl-C reaches it by way of this process, once. Should this process die, its standard input ends.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...withoutPhases(process.env), [servedVariable]: served.join(" "), [tiedVariable]: "1" },
  });
}

async function finished({ terminal, live }: SiteRun, name: string, child: ChildProcess): Promise<SiteResult> {
  const began = performance.now();
  let stdout = "";
  const tell = (stream: Readable | null): void => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      terminal.note(`${name} | ${line}`);
    });
  };
  tell(child.stderr);
  if (live) tell(child.stdout);
  else child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  const code = await new Promise<number>((resolve) => {
    // One that cannot be started does not end the others.
    child.once("error", (error) => {
      terminal.warn(`${name}: ${error.message}`);
      resolve(Exit.failed);
    });
    child.once("close", (status, signal) => {
      resolve(status ?? (signal === null ? Exit.failed : Exit.interrupted));
    });
  });
  return { turn: { name, code }, seconds: (performance.now() - began) / 1000, stdout };
}

const words: Readonly<Record<number, string>> = {
  0: "done",
  2: "bad input",
  3: "refused",
  4: "changes",
  130: "interrupted",
};

/** One line for each stack. */
export function siteLines(results: readonly SiteResult[]): string[] {
  const width = Math.max(...results.map(({ turn }) => turn.name.length));
  return [
    "Stacks",
    ...results.map(({ turn, seconds }) => {
      const end =
        "code" in turn
          ? `${(words[turn.code] ?? "failed").padEnd(11)}  ${seconds.toFixed(1)} s`
          : `left out     ${turn.leftOut} is not done`;
      return `  ${turn.name.padEnd(width)}  ${end}`;
    }),
  ];
}

/** What a run has printed; as text where it was cut off. */
function documentOf(stdout: string): { document?: unknown; output?: string } {
  if (stdout.trim() === "") return {};
  try {
    return { document: JSON.parse(stdout) as unknown };
  } catch {
    return { output: stdout };
  }
}

/** The same for machines, with each run's own document. */
export function siteDocument(results: readonly SiteResult[]): Record<string, unknown> {
  return {
    exitCode: exitCodeOfAll(results.map(({ turn }) => turn)),
    stacks: Object.fromEntries(
      results.map(({ turn, seconds, stdout }) => [
        turn.name,
        {
          ...("code" in turn ? { exitCode: turn.code } : { leftOut: turn.leftOut }),
          seconds: Number(seconds.toFixed(1)),
          ...documentOf(stdout),
        },
      ]),
    ),
  };
}
