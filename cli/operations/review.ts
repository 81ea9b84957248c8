import { renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readHistory } from "../../local/history.ts";
import type { Finding } from "../../plan/findings.ts";
import { CliError, exitCodeOf, isProgramFindings } from "../errors.ts";
import { Exit } from "../exit.ts";
import { warnOnce, type Terminal } from "../render/terminal.ts";
import { reviewJson } from "../review/json.ts";
import { planEvent } from "../review/plan-event.ts";
import { renderReview } from "../review/render.ts";
import { revealScripts } from "../review/script-texts.ts";
import { makeReview, type Review } from "../review/review.ts";
import type { Ordered } from "../../plan/runs/order.ts";
import { RunEvents } from "../pulumi/events.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { enterRunningLab } from "../lab/namespace.ts";
import { operate } from "./operation.ts";
import type { Phases } from "../process/phases.ts";
import type { PluginMode } from "../pulumi/plugins.ts";
import { ensureWorkDir, type Project } from "../project/project.ts";
import { withProposal, type ProposalFiles } from "../project/proposal.ts";
import { keepPlan, withPlanFile } from "./saved-plan.ts";
import { inSession } from "../session/session.ts";
import { openInput, openSettings } from "../session/settings.ts";

export interface ReviewRun extends ProposalFiles {
  stack: string;
  /** Where the plan goes. */
  save?: string;
  /** Where the review goes; default: stdout. */
  out?: string;
  json?: boolean;
  events?: string;
  plugins: PluginMode;
  parallel?: number;
  project: Project;
  terminal: Terminal;
  phases: Phases;
}

/**
 * Makes a preview and writes the review of it, also of a preview that guards have refused or that has failed.
 *
 * @returns why there is nothing that could be done, after that has been written into the review.
 */
export async function runReview(run: ReviewRun): Promise<Error | undefined> {
  const { project, stack, terminal } = run;
  // A plan of an earlier review must not be taken for this one's.
  if (run.save !== undefined) rmSync(run.save, { force: true });
  const events = new RunEvents({ onWarning: warnOnce(terminal) });
  let order: readonly Ordered[] = [];
  let input: LoadedStack | undefined;
  let failure: Error | undefined;
  try {
    enterRunningLab(project, stack, await openSettings(project, stack, terminal).with(["clusterStack"]), run.phases);
    const proposed = withProposal(project, stack, run);
    input = await openInput(proposed, stack, terminal);
    order = await previewOf({ ...run, project: proposed }, input, events);
  } catch (error) {
    if (!isProgramFindings(error) && !(error instanceof CliError && error.exitCode === Exit.failed)) throw error;
    failure = error;
  }
  const findings = isProgramFindings(failure) ? (failure.findings as readonly Finding[]) : [];
  const review = makeReview({
    stack,
    events,
    order,
    inventory: input?.hosts ?? [],
    past: readHistory(project.dir, stack),
    findings,
    invalid: exitCodeOf(failure) === Exit.badInput,
    ...(failure instanceof CliError ? { failure: failure.message } : {}),
  });
  write(run, review);
  return failure;
}

async function previewOf(run: ReviewRun, input: LoadedStack, events: RunEvents): Promise<readonly Ordered[]> {
  const hosts = input.hosts.map(({ name }) => name);
  const workDir = await ensureWorkDir(run.project);
  const session = { ...run, input, command: "review", parallel: run.parallel, writes: false, serves: true };
  return inSession(session, async (engine, _stop, { journal }) => {
    const { save } = run;
    const preview = (plan?: string): Promise<unknown> =>
      run.phases.measure("preview", () =>
        operate(engine, events, hosts, () => engine.preview({ events, ...(plan === undefined ? {} : { plan }) })),
      );
    if (save === undefined) await preview();
    else {
      await withPlanFile(workDir, async (plan) => {
        await preview(plan);
        keepPlan(plan, save);
      });
    }
    await revealScripts(events, input.config.artifactsUrl);
    journal.tell(planEvent(events, engine.order(), hosts));
    return engine.order();
  });
}

function write({ out, json, terminal }: ReviewRun, review: Review): void {
  const text = json === true ? `${JSON.stringify(reviewJson(review), null, 2)}\n` : renderReview(review);
  if (out === undefined) {
    terminal.print(text.trimEnd());
    return;
  }
  const target = resolve(out);
  try {
    writeFileSync(`${target}.${process.pid}`, text);
    renameSync(`${target}.${process.pid}`, target);
  } catch (error) {
    rmSync(`${target}.${process.pid}`, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`The review cannot be written to ${target}: ${reason}`, Exit.failed, { cause: error });
  }
}
