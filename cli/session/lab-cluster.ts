import { existsSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import type { Terminal } from "../render/terminal.ts";
import { openLab } from "../lab/namespace.ts";
import { LAB_STACK } from "../lab/stack.ts";
import { openContext } from "./open-context.ts";
import { openInput } from "./settings.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Project } from "../project/project.ts";

/** @throws CliError when the lab does not run, or has no cluster yet. */
export async function requireLabCluster(project: Project, terminal: Terminal): Promise<void> {
  const lab = await openLab(project, await openInput(project, LAB_STACK, terminal), () => undefined);
  const isRunning = existsSync(join("/run/netns", lab.namespace));
  const { endpoint } = isRunning ? await readOutputs(await openContext(LAB_STACK, terminal)) : {};
  if (endpoint === undefined) {
    throw new CliError('There is no cluster in the lab to measure commands on: "./plinth up" makes one.');
  }
}
