import { driftMark } from "../../plan/runmarks.ts";
import { closeSsh } from "../cluster/ssh-use.ts";
import { driftEvent } from "../drift/event.ts";
import { readDrift } from "../drift/read.ts";
import { driftLines } from "../drift/render.ts";
import { Exit, type ExitCode } from "../exit.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { Phases } from "../process/phases.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";
import type { EngineContext } from "../pulumi/context.ts";
import type { Terminal } from "../render/terminal.ts";
import type { Journal } from "../runs/journal.ts";
import { journaled } from "../runs/journaled.ts";
import { openContext } from "../session/open-context.ts";
import type { Account } from "./account.ts";
import { leaveMarks } from "./marks.ts";

export interface DriftRun {
  project: Project;
  stack: string;
  json: boolean;
  /** Path of a file for what the look does, see plan/runs/event.ts. */
  events: string | undefined;
  input: LoadedStack;
  terminal: Terminal;
  phases: Phases;
  account: Account;
}

/** Looks for drift, and says what is found. Returns the exit code. */
export async function runDrift(run: DriftRun): Promise<ExitCode> {
  const { project, stack, input, terminal, account } = run;
  const hosts = input.hosts.map(({ name }) => name);
  account.ofHosts(hosts);
  const context = await openContext(stack, terminal, input.settings);
  await ensureWorkDir(project);
  const warn = terminal.warn.bind(terminal);
  return journaled({ ...run, command: "drift", hosts, warn }, async (journal) => {
    const code = await look(run, context, journal);
    journal.conclude(code);
    return code;
  });
}

async function look(run: DriftRun, context: EngineContext, journal: Journal): Promise<ExitCode> {
  const { stack, json, input, terminal, account } = run;
  try {
    const report = await readDrift(input, context);
    account.looked(report);
    journal.tell(driftEvent(report));
    if (json) {
      terminal.print(JSON.stringify({ stack, drift: report.differences.length > 0, ...report }, null, 2));
    } else {
      for (const line of driftLines(report, input.hosts.length, terminal)) terminal.print(line);
    }
    await leaveMarks(input, (host) => driftMark(report, host), terminal);
    if (report.differences.length > 0) return Exit.changes;
    return report.unseen.length > 0 ? Exit.failed : Exit.done;
  } finally {
    await closeSsh();
  }
}
