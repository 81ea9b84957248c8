import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ArtifactError } from "./errors.ts";

export interface RunOptions {
  cwd?: string;
  /** Replaces the environment of this process. */
  env?: NodeJS.ProcessEnv;
  /** Called for each line on standard error. */
  onErrorLine?(line: string): void;
  /** Lines of standard error that explain no failure. */
  isNoise?(line: string): boolean;
  /** Returns standard error after standard output: some programs state their version there. */
  withErrors?: boolean;
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the program is ended. Default: no limit. */
  timeoutMs?: number;
}

/** How many of the last lines of standard error an error message carries. */
const tailLines = 8;

/**
 * Runs a program to its end and returns its standard output. Throws an ArtifactError with the last lines of its
 * standard error when it fails, and the system's own error (code ENOENT) when it is not there.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    signal: options.signal,
    timeout: options.timeoutMs,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  const tail: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  if (options.withErrors === true) child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  createInterface({ input: child.stderr }).on("line", (line) => {
    options.onErrorLine?.(line);
    if (options.isNoise?.(line) === true) return;
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code === 0) return Buffer.concat([...output, ...errors]).toString("utf8");
  const end = signal === null ? `exit code ${String(code)}` : `signal ${signal}`;
  const said = tail.join("; ");
  throw new ArtifactError(`\`${[command, ...args].join(" ")}\` ended with ${end}${said === "" ? "" : `: ${said}`}`);
}
