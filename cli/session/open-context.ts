import type { Terminal } from "../render/terminal.ts";
import { engineContext, type EngineContext } from "../pulumi/context.ts";
import { findPulumi } from "../supply/needs.ts";
import { requireStack, thisProject } from "../project/project.ts";
import type { StackSettings } from "../project/settings.ts";

/**
 * What commands need that read the state and change nothing.
 *
 * @param settings of the stack, where they have been read already.
 */
export async function openContext(stack: string, terminal: Terminal, settings?: StackSettings): Promise<EngineContext> {
  const project = thisProject();
  requireStack(project, stack);
  const say = (line: string): void => {
    terminal.note(line);
  };
  return engineContext(project, stack, await findPulumi(terminal), say, settings);
}
