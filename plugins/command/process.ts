import { spawn } from "node:child_process";
import { errorText } from "../provider/errors.ts";

/** How long an interrupted process may take to end after TERM before it is killed. */
const KILL_AFTER_MS = 3000;

export interface ProcessRequest {
  program: string;
  args: string[];
  folder: string;
  /** Added to this process's own environment. */
  environment: Record<string, string>;
  stdin: string;
  /** Aborting ends the process and what it started: TERM, and KILL 3 s later. */
  signal: AbortSignal;
  onStdout(chunk: string): void;
  onStderr(chunk: string): void;
}

export interface ProcessResult {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a process to its end. Rejects when it cannot be started or was interrupted; an exit status is a result. */
export function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(request.program, request.args, {
      cwd: request.folder,
      env: { ...process.env, ...request.environment },
      detached: true, // A process group of its own, so that an interrupt reaches what the command started.
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output.stdout += chunk;
      request.onStdout(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      output.stderr += chunk;
      request.onStderr(chunk);
    });
    let kill: NodeJS.Timeout | undefined;
    const abort = (): void => {
      signalGroup(child.pid, "SIGTERM");
      kill = setTimeout(() => {
        signalGroup(child.pid, "SIGKILL");
      }, KILL_AFTER_MS);
    };
    const finish = (): void => {
      clearTimeout(kill);
      request.signal.removeEventListener("abort", abort);
    };
    child.on("error", (error) => {
      finish();
      reject(new Error(`${request.program} cannot be started in ${request.folder}: ${errorText(error)}.`));
    });
    child.on("close", (code, signal) => {
      finish();
      if (request.signal.aborted) reject(new Error("The command was interrupted before it ended."));
      else resolve({ code, signal, ...output });
    });
    child.stdin.on("error", () => undefined); // A command may end before it has read its stdin.
    child.stdin.end(request.stdin);
    if (request.signal.aborted) abort();
    else request.signal.addEventListener("abort", abort, { once: true });
  });
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error; // Gone already is what we want.
    }
  }
}
