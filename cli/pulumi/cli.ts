import { spawn } from "node:child_process";
import type { EngineContext } from "./context.ts";
import { CliError } from "../errors.ts";

/** How a run of the Pulumi CLI ended. */
export interface PulumiResult {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A sentence for what the CLI says when it has no passphrase, or not the right one; undefined for all else. */
export function passphraseProblem(said: string): string | undefined {
  const problem = /incorrect passphrase/.test(said)
    ? "the passphrase is wrong"
    : /passphrase must be set/.test(said)
      ? "there is no passphrase"
      : undefined;
  return problem === undefined
    ? undefined
    : `The secrets of the stack cannot be decrypted: ${problem}. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that they were encrypted with.`;
}

/** A run of the Pulumi CLI that failed. `message` is what the CLI had to say, without our own words. */
export class PulumiFailure extends Error {
  override readonly name = "PulumiFailure";
  readonly result: PulumiResult;

  constructor(result: PulumiResult) {
    super(PulumiFailure.#describe(result));
    this.result = result;
  }

  static #describe({ code, signal, stdout, stderr }: PulumiResult): string {
    if (signal !== null)
      return `The engine was ended by ${signal}. Run the command again: it goes on where this one stopped.`;
    const said = stderr.trim() === "" ? stdout.trim() : stderr.trim();
    const passphrase = passphraseProblem(stderr);
    if (passphrase !== undefined) return passphrase;
    return said === "" ? `The Pulumi CLI failed (exit code ${String(code)}).` : said.replace(/^error: /, "");
  }
}

export interface PulumiProcess {
  readonly pid: number | undefined;
  /** Sends a signal to the CLI's process group. Does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<PulumiResult>;
}

export interface PulumiSpawnOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
  stdin?: string;
  onStdout?: (chunk: string) => void;
  onStderr?: (chunk: string) => void;
}

/**
 * Starts the Pulumi CLI in a process group of its own: Ctrl-C on the terminal reaches this process alone, which then
 * passes exactly one SIGINT on. (The engine takes a second one as "stop at once" and would leave its lock behind.)
 */
export function startPulumi(pulumi: string, args: readonly string[], options: PulumiSpawnOptions): PulumiProcess {
  const child = spawn(pulumi, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out.push(chunk);
    options.onStdout?.(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err.push(chunk);
    options.onStderr?.(chunk);
  });
  child.stdin.on("error", () => undefined); // The CLI may end before it has read its input; its exit code tells.
  child.stdin.end(options.stdin ?? "");
  const ended = new Promise<PulumiResult>((resolve, reject) => {
    child.on("error", (error) => {
      reject(
        new CliError(`The Pulumi CLI ${pulumi} cannot be started: ${error.message}.`, undefined, { cause: error }),
      );
    });
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout: out.join(""), stderr: err.join("") });
    });
  });
  return {
    pid: child.pid,
    kill(signal) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-child.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    },
    ended,
  };
}

/** Runs a short Pulumi command on the context's stack and returns its stdout. Throws PulumiFailure. */
export async function runPulumi(context: EngineContext, args: readonly string[], stdin?: string): Promise<string> {
  const { ended } = startPulumi(context.pulumi, [...args, "--stack", context.stack, "--non-interactive"], {
    cwd: context.workDir,
    env: context.env,
    ...(stdin === undefined ? {} : { stdin }),
  });
  const result = await ended;
  if (result.code !== 0) throw new PulumiFailure(result);
  return result.stdout;
}

/** True when the CLI says that the stack does not exist in this backend. */
export function isNoSuchStack(error: unknown): error is PulumiFailure {
  return error instanceof PulumiFailure && /no stack named/i.test(error.result.stderr);
}
