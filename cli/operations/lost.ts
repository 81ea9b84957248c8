import { claimName } from "../../plan/names.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { runPulumi } from "../pulumi/cli.ts";

interface ExportedState {
  deployment?: { resources?: { urn: string; type: string; retainOnDelete?: boolean }[] | null } | null;
}

/**
 * Marks the claims of lost hosts in an exported state so that the engine forgets them without a word to the host, which
 * nobody can reach any more.
 *
 * @returns the changed state; undefined when there is nothing to mark.
 */
export function withoutCleanUp(exported: string, lost: readonly string[]): string | undefined {
  const state = JSON.parse(exported) as ExportedState;
  const claims = (state.deployment?.resources ?? []).filter(
    ({ urn, type, retainOnDelete }) =>
      type === "command:remote:Command" &&
      retainOnDelete !== true &&
      lost.some((name) => urn.endsWith(`::${claimName(name)}`)),
  );
  if (claims.length === 0) return undefined;
  for (const claim of claims) claim.retainOnDelete = true;
  return JSON.stringify(state);
}

/** Does that to the stack's state. Returns what to tell the user, if anything was done. */
export async function retainLost(context: EngineContext, lost: readonly string[]): Promise<string | undefined> {
  if (lost.length === 0) return undefined;
  const changed = withoutCleanUp(await runPulumi(context, ["stack", "export"]), lost);
  if (changed === undefined) return undefined;
  await runPulumi(context, ["stack", "import"], changed);
  return `Nothing will be cleaned up on ${lost.join(", ")}.`;
}
