import { isMachine } from "../../plan/inventory.ts";
import { administratorOf } from "../cluster/administrator.ts";
import { isMarked, mark } from "../loadtest/history.ts";
import { TestObjects } from "../loadtest/objects.ts";
import { sweep } from "../loadtest/sweep.ts";
import type { LoadedStack } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Terminal } from "../render/terminal.ts";
import { isSimulated } from "./network.ts";

/**
 * Removes what killed load tests have left in the cluster of a stack. That it cannot is warned of: what the run has done stays.
 *
 * @param changed whether the run has changed something. Where it has not, only a mark in this clone has the cluster asked: a run that changes
 * nothing is to take no longer for it.
 * @throws the signal's reason once the run was interrupted.
 */
export async function removeLoadTests(
  context: EngineContext,
  { hosts }: Pick<LoadedStack, "hosts">,
  changed: boolean,
  terminal: Pick<Terminal, "note" | "warn">,
  signal: AbortSignal,
): Promise<void> {
  // A fleet that is simulated has no load tests, nor have machines without a cluster.
  if (hosts.every(isMachine) || hosts.every(({ address }) => isSimulated(address))) return;
  const { project, stack } = context;
  if (!changed && !isMarked(project, stack)) return;
  const kubeconfig = await administratorOf(context, await readOutputs(context, { secrets: true }));
  if (kubeconfig === undefined) return;
  const objects = new TestObjects(kubeconfig);
  try {
    const { left, running } = await sweep(
      objects,
      (line) => {
        terminal.note(line);
      },
      signal,
    );
    for (const sentence of left) terminal.warn(sentence);
    if (left.length === 0 && running.length === 0) mark(project, stack, undefined);
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    terminal.warn(`whether killed load tests have left something is not known: ${reason}`);
  } finally {
    objects.close();
  }
}
