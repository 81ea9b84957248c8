import { CliError } from "../errors.ts";
import { runPulumi } from "../pulumi/cli.ts";
import type { EngineContext } from "../pulumi/context.ts";

interface ExportedState {
  deployment?: {
    resources?: { urn: string; type: string; dependencies?: string[] }[] | null;
  } | null;
}

const commandType = "command:remote:Command";

/** Whether a URN is that of a command that is not a claim. */
function isStep(urn: string): boolean {
  return urn.includes(`${commandType}::`) && !urn.endsWith("-claim");
}

/**
 * Takes out of an exported state which step waited for which. Earlier releases kept that there, and the engine takes a step
 * that the state names as a dependency for declared twice when a run for some hosts only declares it in another order.
 *
 * @returns the changed state; undefined when there is nothing to take out.
 */
export function withoutStepOrder(exported: string): string | undefined {
  const state = JSON.parse(exported) as ExportedState;
  let changed = false;
  for (const resource of state.deployment?.resources ?? []) {
    if (resource.type !== commandType || resource.dependencies === undefined) continue;
    const kept = resource.dependencies.filter((urn) => !isStep(urn));
    if (kept.length === resource.dependencies.length) continue;
    resource.dependencies = kept;
    changed = true;
  }
  return changed ? JSON.stringify(state) : undefined;
}

/**
 * Does that to the stack's state.
 *
 * @throws CliError when another run has written the state meanwhile.
 */
export async function dropStepOrder(context: EngineContext): Promise<void> {
  const exported = await runPulumi(context, ["stack", "export"]);
  const changed = withoutStepOrder(exported);
  if (changed === undefined) return;
  if ((await runPulumi(context, ["stack", "export"])) !== exported)
    throw new CliError(`Another run has just changed the state of stack "${context.stack}": run this again.`);
  await runPulumi(context, ["stack", "import"], changed);
}

/** For a run that must not change the state. @throws CliError when the order of an earlier release stands in its way. */
export async function refuseStepOrder(context: EngineContext): Promise<void> {
  if (withoutStepOrder(await runPulumi(context, ["stack", "export"])) === undefined) return;
  throw new CliError(
    `An earlier release has written the order of steps into the state of stack "${context.stack}", with which --target does not work: ` +
      "preview without --target, or run up once, with or without it.",
  );
}
