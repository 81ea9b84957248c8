import { spawn } from "node:child_process";
import { appendFile } from "node:fs/promises";
import type { z } from "zod";

/** How a command ended. */
export interface Ended {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  seconds: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Standard input. Default: none. */
  input?: string;
  /** A file that gets the command and all that it says. Default: none. */
  log?: string;
}

/** Runs a command to its end, whatever its exit code, and takes the time. */
export async function runTimed(words: readonly string[], { cwd, env, input, log }: RunOptions): Promise<Ended> {
  const [program = "", ...args] = words;
  const started = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => (texts[name] += chunk));
  child.stdin.on("error", () => undefined); // It may end without having read all of it: its exit code tells.
  child.stdin.end(input ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  if (log !== undefined) await appendFile(log, `== ${words.join(" ")}\n${texts.stdout}${texts.stderr}`);
  return { code, seconds, ...texts };
}

/** What a command has told as JSON; undefined where it is none of that kind, as it is of one that failed before it had something to tell. */
export function documentOf<T>(text: string, kind: z.ZodType<T>): T | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  return kind.safeParse(document).data;
}

/** Why a command counts as failed, with the end of what it has said; undefined where it did not. */
export function failureOf({ code, stdout, stderr }: Omit<Ended, "seconds">): string | undefined {
  if (code === 0) return undefined;
  const last = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
  return `exit code ${code ?? "none, a signal ended it"}${last === "" ? "" : ` (${last})`}`;
}
