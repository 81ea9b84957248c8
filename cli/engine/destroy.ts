import { lockForProcess, lockRules } from "../../components/host/lock.ts";
import { resolveAccess } from "../../components/host/targets.ts";
import { PlinthError } from "../../plan/findings.ts";
import { QuietExit } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { Terminal } from "../render/terminal.ts";
import { confirm } from "../render/prompt.ts";
import { formatDuration } from "../render/duration.ts";
import { keptData } from "./kept.ts";
import type { StackInput } from "./inventory.ts";
import { operateAloud } from "./operation.ts";
import type { Phases } from "./phases.ts";
import type { PluginMode } from "./plugins.ts";
import type { Project } from "./project.ts";
import { runPulumi } from "./pulumi.ts";
import { inSession } from "./session.ts";

export interface DestroyRun {
  stack: string;
  yes?: boolean;
  plugins: PluginMode;
  parallel?: number;
  project: Project;
  input: StackInput;
  terminal: Terminal;
  phases: Phases;
}

interface ExportedResources {
  deployment?: { resources?: { type: string; custom?: boolean }[] | null } | null;
}

/**
 * Takes the cluster's lock, as the program does in other runs. That too few hosts can be reached for it is no reason to
 * refuse: a cluster that is half gone must be possible to remove, too.
 */
async function lockCluster({ input, stack, terminal }: DestroyRun): Promise<void> {
  const { access } = await resolveAccess(input.hosts, input.config);
  const warn = (sentence: string): void => {
    terminal.warn(sentence);
  };
  try {
    await lockForProcess(access, input.hosts, stack, { warn });
  } catch (error) {
    if (!(error instanceof PlinthError) || error.findings.some(({ rule }) => rule === lockRules.held)) throw error;
    for (const { message } of error.findings) warn(message);
  }
}

/** Deletes everything the stack has made, after asking. */
export async function runDestroy(run: DestroyRun): Promise<void> {
  const { terminal, phases, input, stack } = run;
  const hosts = input.hosts.map(({ name }) => name);
  const session = { ...run, command: "destroy", parallel: run.parallel, writes: true, serves: false };
  await inSession(session, async (engine, stop) => {
    const state = JSON.parse(await runPulumi(engine.context, ["stack", "export"])) as ExportedResources;
    const resources = (state.deployment?.resources ?? []).filter(({ type }) => type !== "pulumi:pulumi:Stack");
    if (resources.length === 0) {
      terminal.print(`Stack "${stack}" has nothing to destroy.`);
      return;
    }
    if (run.yes !== true) {
      const question = `Destroy the cluster of stack "${stack}" on ${hosts.join(", ")} and forget its certificate authorities?`;
      if (!(await confirm(question, stop))) {
        terminal.print("Nothing was changed.");
        throw new QuietExit(Exit.failed);
      }
    }
    await lockCluster(run);
    // The authorities are protected against a slip of the inventory; who destroys the cluster means them, too.
    await runPulumi(engine.context, ["state", "unprotect", "--all", "--yes"]);
    const { digest } = await phases.measure("destroy", () =>
      operateAloud(engine, terminal, hosts, (events) => engine.destroy({ digest: events })),
    );
    const total = phases.list.reduce((sum, { duration }) => sum + duration, 0);
    terminal.print(`Destroyed the cluster of stack "${stack}" (${formatDuration(total)}).`);
    for (const { host, path } of keptData(digest.diagnostics, hosts)) terminal.print(`  kept on ${host}: ${path}`);
  });
}
