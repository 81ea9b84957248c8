import type { Terminal } from "../render/terminal.ts";
import { engineContext, type EngineContext } from "../pulumi/context.ts";
import { findPulumi } from "../supply/needs.ts";
import { requireStack, thisProject } from "../project/project.ts";

/** What commands need that read the state and change nothing. */
export async function openContext(stack: string, terminal: Terminal): Promise<EngineContext> {
  const project = thisProject();
  requireStack(project, stack);
  return engineContext(project, stack, await findPulumi(terminal), (line) => {
    terminal.note(line);
  });
}
