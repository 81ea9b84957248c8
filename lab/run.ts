import { spawn } from "node:child_process";

export interface RunOptions {
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Called with each line of standard output and standard error as it comes. */
  onLine?: (line: string) => void;
}

export interface RunResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever it returns. Rejects only when it cannot be started. */
export function tryRun(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program = "", ...args] = command;
  return new Promise((fulfil, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C", ...options.env },
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      let rest = "";
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        texts[name] += chunk;
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) options.onLine?.(line);
      });
    }
    child.on("error", (error) => {
      reject(new Error(`${program} could not be started: ${error.message}`));
    });
    child.on("close", (code) => {
      fulfil({ code, ...texts });
    });
  });
}

/**
 * Runs a program that must succeed; returns its standard output.
 * @param what the attempt in words ("creating the bridge"), for the error
 */
export async function run(what: string, command: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(command, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-5).join("; ");
  throw new Error(`${what} failed: ${command[0] ?? ""} returned ${result.code ?? "a signal"}${said && `: ${said}`}`);
}
