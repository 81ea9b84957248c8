import { resolve } from "node:path";
import { Exit, type ExitCode } from "../exit.ts";
import { plannedChanges, previewLines } from "../render/preview.ts";
import { confirm } from "../render/prompt.ts";
import { summarize, summaryLines } from "../render/summary.ts";
import { warnOnce, type Terminal } from "../render/terminal.ts";
import type { DriftReport } from "../../plan/drift.ts";
import { describeFinding } from "../../plan/findings.ts";
import { isMachineStack } from "../../plan/machinestack.ts";
import { parsePreviousRun } from "../../plan/previousrun.ts";
import { namesUnrecorded } from "../../plan/record.ts";
import { leftOutPrefix } from "../../plan/leftout.ts";
import { healedMark } from "../../plan/runmarks.ts";
import type { RunMark } from "../../plan/scripts.ts";
import { converging } from "../progress/progress.ts";
import { planEvent } from "../review/plan-event.ts";
import { plannedKinds, waveLines } from "../review/wave-lines.ts";
import { revealScripts } from "../review/script-texts.ts";
import { countChanges, RunEvents } from "../pulumi/events.ts";
import type { Engine } from "../pulumi/engine.ts";
import type { Account } from "./account.ts";
import { claimedBefore, claimSearch, freeLeavers } from "./abandoned.ts";
import { requestHeal } from "./heal.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { retainLost } from "./lost.ts";
import { converge, saveRecord } from "./converge.ts";
import { removeLoadTests } from "./load-tests.ts";
import { leaveMarks } from "./marks.ts";
import { afterUpLines, isTestDue, networkProblems, testAfterUp, type NetworkAfterUp } from "./network.ts";
import { operate } from "./operation.ts";
import { dropStepOrder } from "./state-order.ts";
import { withoutSecrets } from "../pulumi/masked.ts";
import { readRawOutputs, type Outputs } from "../pulumi/outputs.ts";
import type { Phases } from "../process/phases.ts";
import type { PluginMode } from "../pulumi/plugins.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";
import type { Journal } from "../runs/journal.ts";
import { readPlan, requirePlanned, withPlanFile } from "./saved-plan.ts";
import { inSession, type Telling } from "../session/session.ts";
import { sshUse } from "../cluster/ssh-use.ts";
import { targetPatterns } from "./targets.ts";

/** The options of `up` on the command line. */
export interface UpOptions {
  stack: string;
  yes?: boolean;
  expectNoChanges?: boolean;
  target?: string[];
  lost?: string[];
  replace?: string[];
  override?: string[];
  diff?: boolean;
  /** Path of a plan that `review --save` has made. */
  plan?: string;
  heal?: boolean;
  json?: boolean;
  /** Path of a file for what the run does, see plan/runs/event.ts. */
  events?: string;
  plugins: PluginMode;
  parallel?: number;
  /** File for a report in Markdown. */
  report?: string;
}

export interface UpRun extends UpOptions {
  project: Project;
  input: LoadedStack;
  terminal: Terminal;
  phases: Phases;
  account: Account;
}

/** Brings the stack to its desired state. Returns the exit code; throws what went wrong. */
export async function runUp(run: UpRun): Promise<ExitCode> {
  const { input, terminal, phases, stack, account } = run;
  const hosts = input.hosts.map(({ name }) => name);
  account.ofHosts(hosts);
  const target = targetPatterns(run.target ?? [], hosts);
  const asks = terminal.interactive && run.yes !== true;
  const session = { ...run, command: "up", parallel: run.parallel, writes: true, serves: true };
  const onWarning = warnOnce(terminal);
  const plan = run.plan === undefined ? undefined : resolve(run.plan);
  if (plan !== undefined) readPlan(plan, stack);
  const work = concluding(async (engine, stop, telling) => {
    const { progress, journal } = telling;
    const aloud = { progress, onBegin: account.follow };
    const healing =
      run.heal === true
        ? await phases.measure("drift", () => requestHeal(engine, input, terminal, telling))
        : undefined;
    if (plan !== undefined) progress.expect(await checkPlan(engine, run, plan, hosts, target));
    if (target.length > 0) await dropStepOrder(engine.context);
    const onRetained = await retainLost(engine.context, run.lost ?? []);
    if (onRetained !== undefined) terminal.note(onRetained);
    // What the program itself will say is wrong with outputs is not said here.
    const { previous } = parsePreviousRun(stack, withoutSecrets(await readRawOutputs(engine.context)));
    // A run for some resources only, and one with a saved plan, do nothing else.
    const everything = target.length === 0 && plan === undefined;
    const claims = claimSearch(engine.context, input, terminal, previous);
    if (asks || run.diff === true || run.expectNoChanges === true) {
      const preview = await previewFirst(engine, run, hosts, target, onWarning, journal);
      progress.expect(plannedKinds(preview, engine.order(), hosts));
      const abandoned = everything ? await claimedBefore(claims) : [];
      for (const { name } of abandoned) terminal.note(`  ${name} is released, which a killed run had claimed`);
      const changed = countChanges(preview.changes) + abandoned.length;
      if (run.expectNoChanges === true) {
        return changed > 0 ? endWithChanges(run, preview, hosts) : endUnchanged(engine, run, preview, previous ?? {});
      }
      if (asks && changed > 0 && !(await confirm(`Do this on stack "${stack}"?`, stop))) {
        terminal.note("Nothing was changed.");
        account.declined();
        return Exit.failed;
      }
    }
    const events = await phases.measure(converging, async () => {
      const unsaved = namesUnrecorded(input.hosts, previous);
      const stepwise = isMachineStack(input.hosts) && (previous === undefined || unsaved);
      return converge(engine, terminal, { hosts, target, plan, unsaved, stepwise, onWarning, ...aloud });
    });
    let made = await outputsOf(engine, events, terminal);
    if (everything && (await freeLeavers(claims, made.lost ?? {}))) {
      // They may be taken away from now on.
      const saved = await saveRecord(engine, terminal, { hosts, newStack: false, onWarning, ...aloud });
      made = await outputsOf(engine, saved, terminal);
    }
    const network = isTestDue(events.steps, input)
      ? await phases.measure("network test", () => testAfterUp(engine.context, input, terminal, stop))
      : undefined;
    if (everything) {
      const changed = countChanges(events.changes) > 0;
      await phases.measure("load tests", () => removeLoadTests(engine.context, input, changed, terminal, stop));
    }
    const kept = await phases.measure("backup", () => keepState(engine, run, events, stop));
    const left = [...leftAlone(events), ...kept];
    const problems = [...left, ...networkProblems(network)];
    for (const problem of problems) account.problem(problem);
    // What a plan does not hold was refused above, so that a run with one does all there is to do.
    if (problems.length === 0 && target.length === 0)
      await leaveMarks(input, (host) => marksOf(host, healing), terminal);
    await report(engine, run, events, made, network);
    for (const problem of left) terminal.warn(problem);
    return problems.length > 0 ? Exit.failed : Exit.done;
  });
  return inSession(session, work);
}

type Work = (engine: Engine, stop: AbortSignal, telling: Telling) => Promise<ExitCode>;

/** The same, and its journal is told what it comes to. */
function concluding(work: Work): Work {
  return async (engine, stop, telling) => {
    const code = await work(engine, stop, telling);
    telling.journal.conclude(code);
    return code;
  };
}

/** What a host that tells figures is told of this run, and of the look for drift before it. */
function marksOf(host: string, healing: DriftReport | undefined): RunMark[] {
  return [{ kind: "up" }, ...(healing === undefined ? [] : healedMark(healing, host))];
}

/**
 * Keeps state and keys of a stack with backups, after a run that changed the state.
 *
 * @returns a sentence for each target that failed. What the run has done stays.
 */
async function keepState(
  engine: Engine,
  { input, terminal }: UpRun,
  events: RunEvents,
  signal: AbortSignal,
): Promise<string[]> {
  const { backup } = input.config;
  if (backup === undefined || countChanges(events.changes) === 0) return [];
  const { backupState, outcomeLine } = await import("./backup.ts");
  const outcome = await backupState(engine.context, input, backup, "up", signal);
  if (outcome === undefined) return [];
  if (outcome.id !== undefined) terminal.note(`Backup of the ${outcomeLine("state", outcome)}.`);
  return outcome.problems.map((problem) => `the state was not kept everywhere: ${problem}`);
}

/** The outputs that a run has left. What is wrong with them is warned of. */
async function outputsOf(engine: Engine, events: RunEvents, terminal: Terminal): Promise<Outputs> {
  const outputs = events.outputs ?? (await readRawOutputs(engine.context));
  const { previous = {}, findings } = parsePreviousRun(engine.context.stack, withoutSecrets(outputs));
  for (const finding of findings) terminal.warn(describeFinding(finding));
  return previous;
}

async function previewFirst(
  engine: Engine,
  run: UpRun,
  hosts: string[],
  target: string[],
  onWarning: (message: string) => void,
  journal: Journal,
): Promise<RunEvents> {
  const events = new RunEvents({ onWarning });
  await run.phases.measure("preview", () => operate(engine, events, hosts, () => engine.preview({ events, target })));
  journal.tell(planEvent(events, engine.order(), hosts));
  if (run.diff === true) await revealScripts(events, run.input.config.artifactsUrl);
  const changes = plannedChanges(events, hosts, run.diff === true);
  if (run.expectNoChanges !== true || countChanges(events.changes) > 0) {
    const waves = waveLines(events, engine.order(), hosts);
    for (const line of previewLines(events, changes, run.terminal, waves)) run.terminal.note(line);
  }
  return events;
}

/**
 * Refuses what a saved plan does not hold, before anything is touched. The engine checks the same while it runs, but then
 * what it has done before it meets a difference is done.
 *
 * @returns what will be done, as kinds of steps by wave.
 */
async function checkPlan(
  engine: Engine,
  run: UpRun,
  plan: string,
  hosts: string[],
  target: string[],
): Promise<string[][]> {
  const workDir = await ensureWorkDir(run.project);
  const events = new RunEvents();
  await run.phases.measure("compare with the plan", () =>
    withPlanFile(workDir, async (now) => {
      await operate(engine, events, hosts, () => engine.preview({ events, target, plan: now }));
      requirePlanned(run.plan ?? plan, readPlan(plan, run.stack), readPlan(now, run.stack), hosts);
    }),
  );
  return plannedKinds(events, engine.order(), hosts);
}

function endWithChanges(run: UpRun, events: RunEvents, hosts: string[]): ExitCode {
  const changes = plannedChanges(events, hosts, run.diff === true);
  if (run.json === true) run.terminal.print(JSON.stringify({ stack: run.stack, result: "changes", changes }, null, 2));
  run.terminal.note("No changes were expected; nothing was changed.");
  return Exit.changes;
}

/** Nothing would change, so nothing is run: the report comes from the state. */
async function endUnchanged(engine: Engine, run: UpRun, events: RunEvents, outputs: Outputs): Promise<ExitCode> {
  await report(engine, run, events, outputs);
  return Exit.done;
}

async function report(
  engine: Engine,
  run: UpRun,
  events: RunEvents,
  outputs: Outputs,
  network?: NetworkAfterUp,
): Promise<void> {
  const { stack, terminal, phases } = run;
  const { programStart } = engine;
  const summary = summarize({ stack, events, outputs, phases: phases.list, programStart, ssh: await sshUse() });
  if (run.json === true) {
    const tested =
      network === undefined ? {} : { network: { works: network.works, error: network.error, ...network.report } };
    const result = network?.works === false ? "failed" : "done";
    terminal.print(JSON.stringify({ result, ...summary, ...tested }, null, 2));
    return;
  }
  for (const line of summaryLines(summary)) terminal.print(line);
  if (network !== undefined) for (const line of afterUpLines(network, terminal)) terminal.print(line);
}

/** Which hosts could not be reached, to be told again where it is seen last. */
function leftAlone(events: RunEvents): string[] {
  const warnings = [...new Set(events.diagnostics.map(({ message }) => message.replace(/^warning: /, "")))];
  return warnings.filter((message) => message.startsWith(leftOutPrefix)).map((message) => `not done, ${message}`);
}
