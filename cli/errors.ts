import { Exit, type ExitCode } from "./exit.ts";

/** An error whose message is all that the user needs: printed as it is, without a stack trace. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = Exit.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Thrown to end with an exit code when everything has been said already. */
export class QuietExit extends Error {
  override readonly name = "QuietExit";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The part of the program's own error class, PlinthError of plan/findings.ts, that decides the exit code. */
interface ProgramFindings extends Error {
  kind: "input" | "guard";
  findings: readonly unknown[];
}

/** True for the program's own errors: findings about the input, or a guard that refuses. */
export function isProgramFindings(error: unknown): error is ProgramFindings {
  if (!(error instanceof Error) || !("kind" in error) || !("findings" in error)) return false;
  return (error.kind === "input" || error.kind === "guard") && Array.isArray(error.findings);
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError || error instanceof QuietExit) return error.exitCode;
  if (isProgramFindings(error)) return error.kind === "input" ? Exit.badInput : Exit.refused;
  return Exit.failed;
}

/** What to print for an error: one clear sentence (or list), with the stack trace only when `debug` is set. */
export function describeError(error: unknown, debug: boolean): string {
  if (error instanceof QuietExit) return "";
  if (!(error instanceof Error)) return String(error);
  if (debug) return stackOf(error);
  return error.message;
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by: ${stackOf(error.cause)}` : own;
}
