import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import { readInput, type LoadedStack } from "../project/inventory.ts";
import { enterRunningLab } from "../lab/namespace.ts";
import { Phases } from "../process/phases.ts";
import { requireStack, thisProject, type Project } from "../project/project.ts";
import { terminal } from "../render/terminal.ts";
import { openSettings } from "./settings.ts";

/** What most commands begin with. */
export interface OpenedStack {
  project: Project;
  input: LoadedStack;
  phases: Phases;
}

/**
 * Goes to where the hosts of a stack are reached, and reads its inventory and configuration. For the lab's hosts this process
 * is replaced by one inside the lab's network, which begins anew.
 *
 * @param check what else must be in order.
 * @throws CliError (bad input) when there is no such stack or its input is not valid.
 */
export async function openStack(
  stack: string,
  check: (input: LoadedStack) => void = () => undefined,
): Promise<OpenedStack> {
  const project = thisProject();
  requireStack(project, stack);
  const phases = Phases.fromEnvironment();
  const read = openSettings(project, stack, terminal({ json: true }));
  enterRunningLab(project, stack, await read.with(["clusterStack"]), phases);
  const input = await readInput(project, stack, read.settings, read.decrypt);
  check(input);
  return { project, input, phases };
}

/** @throws CliError (bad input) when a command that asks before it begins has nobody to ask. */
export function requireSomebodyToAsk(command: string, yes: boolean | undefined, interactive: boolean): void {
  if (yes === true || interactive) return;
  throw new CliError(`${command} asks before it begins; without a terminal say --yes.`, Exit.badInput);
}
