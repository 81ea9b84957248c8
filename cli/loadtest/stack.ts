import { writeFileSync } from "node:fs";
import { kubeconfigsIn } from "../../plan/expiry.ts";
import { loadOf, loadSentence, type ProfileName } from "../../plan/loadtest/profiles.ts";
import type { LoadTestReport } from "../../plan/loadtest/report.ts";
import { ClusterApi } from "../cluster/api.ts";
import { CliError } from "../errors.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import { confirm } from "../render/prompt.ts";
import type { Terminal } from "../render/terminal.ts";
import { lookAtStack } from "../status/look.ts";
import { reportOf } from "./assemble.ts";
import { keepReport, mark, readReports } from "./history.ts";
import { reportLines } from "./lines.ts";
import { reportMarkdown } from "./markdown.ts";
import type { TestObjects } from "./objects.ts";
import { runLoadTest } from "./run.ts";
import { sweep } from "./sweep.ts";

/** What a user asks for by the command line. */
export interface LoadTestOptions {
  stack: string;
  /** Seconds, and requests per second, in place of the profile's. */
  duration?: number;
  rate?: number;
  /** Seconds that a gap may have. */
  maxGap: number;
  /** Files that the report is written to. */
  json?: string;
  markdown?: string;
  /** Do not ask. */
  yes?: boolean;
}

export interface StackLoadTest extends LoadTestOptions {
  profile: ProfileName;
  project: Project;
  input: LoadedStack;
  context: EngineContext;
  kubeconfig: string;
  objects: TestObjects;
  terminal: Terminal;
  signal: AbortSignal;
}

/**
 * Asks, puts load on the cluster of a stack, and tells what came of it.
 *
 * @returns whether everything was as it is to be.
 * @throws CliError as `runLoadTest`, and when a report cannot be written.
 */
export async function loadTestStack(test: StackLoadTest): Promise<boolean> {
  const { stack, project, input, context, kubeconfig, objects, terminal, signal } = test;
  const asked = {
    ...(test.duration === undefined ? {} : { seconds: test.duration }),
    ...(test.rate === undefined ? {} : { rate: test.rate }),
  };
  const load = loadOf(test.profile, asked);
  const { server: endpoint } = objects.access;
  terminal.print(`Load test of stack "${stack}" by ${endpoint}`);
  terminal.print(`  ${loadSentence(load)}`);
  if (test.yes !== true && !(await confirm("Put this load on the cluster?", signal))) {
    terminal.print("Nothing was done.");
    return false;
  }
  const kubeconfigs = kubeconfigsIn(await readOutputs(context, { secrets: true }));
  const api = new ClusterApi(kubeconfig);
  try {
    const facts = await runLoadTest({
      ...{ load, image: input.config.sandboxImage, objects, api, hosts: { input }, signal },
      look: () => lookAtStack(input, stack, Promise.resolve(new ClusterApi(kubeconfig)), Promise.resolve(kubeconfigs)),
      mark: (namespace) => {
        mark(project, stack, namespace);
      },
      say: (line) => {
        terminal.note(line);
      },
      warn: (line) => {
        terminal.warn(line);
      },
    });
    const earlier = readReports(project, stack);
    const about = { stack, endpoint, load, hosts: input.hosts, maxGap: test.maxGap, earlier };
    const report = reportOf(facts, about);
    for (const line of reportLines(report, terminal)) terminal.print(line);
    writeReports(report, test);
    return report.result === "ok";
  } finally {
    api.close();
  }
}

function writeReports(report: LoadTestReport, { project, terminal, json, markdown }: StackLoadTest): void {
  const files: [string | undefined, string][] = [
    [json, `${JSON.stringify(report, null, 2)}\n`],
    [markdown, reportMarkdown(report)],
  ];
  try {
    terminal.note(`Kept for later runs to compare with: ${keepReport(project, report)}`);
  } catch (error) {
    // What was measured counts all the same.
    terminal.warn(
      `the report could not be kept for later runs: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  for (const [file, text] of files) {
    if (file === undefined) continue;
    try {
      writeFileSync(file, text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError(`The report could not be written to ${file}: ${reason}.`, undefined, { cause: error });
    }
  }
}

/** Removes what killed load tests have left. @returns whether all of it is gone. */
export async function cleanLoadTests({
  objects,
  terminal,
  signal,
  project,
  stack,
}: Pick<StackLoadTest, "objects" | "terminal" | "signal" | "project" | "stack">): Promise<boolean> {
  const { running, removed, left } = await sweep(
    objects,
    (line) => {
      terminal.note(line);
    },
    signal,
  );
  for (const { namespace, owner } of running) terminal.note(`${namespace} is of a load test of ${owner}, which runs.`);
  for (const sentence of left) terminal.warn(sentence);
  terminal.print(removed.length === 0 ? "Nothing of killed load tests was there." : `Removed: ${removed.join(", ")}.`);
  if (left.length === 0 && running.length === 0) mark(project, stack, undefined);
  return left.length === 0;
}
