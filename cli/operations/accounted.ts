import { accessSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { appendRun } from "../../local/history.ts";
import { CliError, exitCodeOf } from "../errors.ts";
import { Exit } from "../exit.ts";
import { renderReport } from "../notices/report.ts";
import type { Phases } from "../process/phases.ts";
import type { Terminal } from "../render/terminal.ts";
import { pastOf, Progress } from "../progress/progress.ts";
import { pastSteps } from "../review/past-steps.ts";
import { Account, sum, type Ending } from "./account.ts";
import { sendNotice, type ToldRun } from "./notices.ts";

/** A command that is accounted for. */
export interface AccountedRun extends ToldRun {
  /** Name of the command. */
  command: string;
  phases: Phases;
  /** File for a report in Markdown. Default: none. */
  report?: string;
}

/**
 * Runs a command, and then writes it down in the stack's history, writes the report that was asked for, and tells whom
 * `plinth:notices` names. None of that changes how the command ends: what fails of it is warned of. Meanwhile people are told how far it is.
 *
 * @param work returns the exit code, or throws what went wrong.
 * @throws what `work` throws.
 * @throws CliError (bad input) before anything is done, when no report can be written where it shall go.
 */
export async function accountFor(run: AccountedRun, work: (account: Account) => Promise<number>): Promise<number> {
  if (run.report !== undefined) requireFolder(run.report);
  // What the command has done before it went on in the lab's namespace counts.
  const began = new Date(Date.now() - sum(run.phases.list.map(({ duration }) => duration)));
  const account = new Account();
  const close = (exitCode: number, error?: unknown): Promise<void> =>
    settle(run, account, { began, duration: Date.now() - began.getTime(), exitCode, error });
  let exitCode: number;
  try {
    using progress = progressOf(run);
    run.phases.watch(progress.phase);
    exitCode = await work(account);
  } catch (error) {
    await close(exitCodeOf(error), error);
    throw error;
  }
  await close(exitCode);
  return exitCode;
}

/**
 * The same for a command that does one thing.
 *
 * @param phase what it does, in a word or two.
 */
export function accountForOne(
  run: AccountedRun,
  phase: string,
  work: (account: Account) => Promise<number>,
): Promise<number> {
  return accountFor(run, (account) => run.phases.measure(phase, () => work(account)));
}

/** Tells people how far the command is. A session has one of its own, which knows the engine. */
function progressOf({ project, stack, command, terminal }: AccountedRun): Progress {
  const past = pastOf(project.dir, stack, (message) => {
    terminal.warn(message);
  });
  return new Progress(terminal, { command, past });
}

async function settle(run: AccountedRun, account: Account, ending: Ending): Promise<void> {
  const { project, stack, command, terminal, phases } = run;
  const result = account.resultOf(ending.exitCode);
  const differences = account.differences;
  await warning(terminal, "how long this run took could not be written down", () =>
    appendRun(project.dir, stack, {
      ...{ command, result, began: ending.began.toISOString(), duration: ending.duration, hosts: account.hosts.length },
      phases: phases.list.map(({ name, duration }) => ({ name, duration: Math.round(duration) })),
      steps: pastSteps(account.steps, account.hosts),
      changes: account.changes,
      ...(differences === undefined ? {} : { differences }),
    }),
  );
  const notice = account.notice(run, ending);
  const { report } = run;
  if (report !== undefined)
    await warning(terminal, `the report could not be written to ${report}`, () => {
      write(resolve(report), renderReport(notice));
    });
  await warning(terminal, "nobody was told of this run", () => sendNotice(run, notice));
}

/** Does something that the run does not depend on. */
async function warning(
  terminal: Pick<Terminal, "warn">,
  problem: string,
  work: () => void | Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    terminal.warn(`${problem}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function requireFolder(report: string): void {
  const folder = dirname(resolve(report));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new CliError(
      `--report ${report} cannot be written: ${folder} is no folder that you may write to.`,
      Exit.badInput,
    );
  }
}

/** Whole, or not at all. For this user: what hosts say of themselves is in it. */
function write(path: string, text: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    writeFileSync(aside, text, { mode: 0o600 });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}
