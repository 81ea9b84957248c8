import { adhocExit } from "../plan/adhoc/answers.ts";

/** Exit codes of every command. Scripts rely on them: never renumber. */
export const Exit = {
  /** What was asked for is done (or, for `status`, everything is healthy). */
  done: 0,
  /** Something went wrong while doing it. */
  failed: 1,
  /** The command line, an inventory or the configuration is not valid; nothing was touched. */
  badInput: 2,
  /** A guard stopped a dangerous change; nothing was touched. */
  refused: 3,
  /** `--expect-no-changes` and something would change; nothing was touched. */
  changes: 4,
  /** A command on a host did not end within its time, as timeout(1) has it. */
  timedOut: adhocExit.timedOut,
  /** Ended by Ctrl-C (128 + SIGINT). */
  interrupted: adhocExit.interrupted,
  /** A host that something was to be done on cannot be reached, or the connection broke meanwhile, as ssh(1) has it. */
  unreachable: adhocExit.unreachable,
} as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Text for the end of a command's --help. */
export function exitCodesHelp(codes: readonly (readonly [ExitCode, string])[]): string {
  return ["", "Exit codes:", ...codes.map(([code, text]) => `  ${String(code).padEnd(3)} ${text}`)].join("\n");
}

/** Text for the end of a command's --help: `[command line, what it does]`. */
export function examplesHelp(examples: readonly (readonly [string, string])[]): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return ["", "Examples:", ...examples.map(([line, text]) => `  ${line.padEnd(width)}  ${text}`)].join("\n");
}
