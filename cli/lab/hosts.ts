import type { Terminal } from "../render/terminal.ts";
import { openLab, reenter } from "./namespace.ts";
import { ensure, ensureForHosts, pulumiRef } from "../supply/needs.ts";
import type { Phases } from "../process/phases.ts";
import type { StackInput } from "../project/inventory.ts";
import type { Project } from "../project/project.ts";

/**
 * The part of `up` that is done outside of the lab's namespace, where the internet may be reached: artifacts, then the
 * lab's hosts. Goes on inside by running the same command line there, and does not return.
 */
export async function bringUpLab(
  project: Project,
  input: StackInput,
  terminal: Terminal,
  phases: Phases,
): Promise<never> {
  const say = (line: string): void => {
    terminal.note(terminal.paint("dim", `  ${line}`));
  };
  await phases.measure("artifacts", async () => {
    await ensure([await pulumiRef()], terminal);
    await ensureForHosts(input, terminal);
  });
  const lab = await openLab(project, input, say);
  await phases.measure("lab hosts", () => lab.up());
  return reenter(lab, phases);
}
