import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { enterRunningLab } from "../lab/namespace.ts";
import { Phases } from "../process/phases.ts";
import { requireStack, thisProject, type Project } from "../project/project.ts";
import { withProposal, type ProposalFiles } from "../project/proposal.ts";
import { terminal } from "../render/terminal.ts";
import { openInput, openSettings } from "./settings.ts";

/** What most commands begin with. */
export interface OpenedStack {
  project: Project;
  input: LoadedStack;
  phases: Phases;
}

interface OpenOptions {
  check?: (input: LoadedStack) => void;
  proposal?: ProposalFiles;
  closed?: Parameters<typeof openInput>[3];
}

/**
 * Goes to where the hosts of a stack are reached, and reads its inventory and configuration. For the lab's hosts this process
 * is replaced by one inside the lab's network, which begins anew.
 *
 * @param options `check`: what else must be in order. `proposal`: files that stand in for the stack's own. `closed`: see `openInput`.
 * @throws CliError (bad input) when there is no such stack or its input is not valid.
 */
export async function openStack(
  stack: string,
  { check, proposal = {}, closed }: OpenOptions = {},
): Promise<OpenedStack> {
  const own = thisProject();
  requireStack(own, stack);
  const phases = Phases.fromEnvironment();
  const silent = terminal({ json: true });
  enterRunningLab(own, stack, await openSettings(own, stack, silent).with(["clusterStack"]), phases);
  const project = withProposal(own, stack, proposal);
  const input = await openInput(project, stack, silent, closed);
  check?.(input);
  return { project, input, phases };
}

/** @throws CliError (bad input) when a command that asks before it begins has nobody to ask. */
export function requireSomebodyToAsk(command: string, yes: boolean | undefined, interactive: boolean): void {
  if (yes === true || interactive) return;
  throw new CliError(`${command} asks before it begins; without a terminal say --yes.`, Exit.badInput);
}
