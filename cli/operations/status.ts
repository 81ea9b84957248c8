import { kubeconfigsIn } from "../../plan/expiry.ts";
import { administratorOf } from "../cluster/administrator.ts";
import { ClusterApi } from "../cluster/api.ts";
import { dialAnew } from "../cluster/ssh-use.ts";
import type { LoadedStack } from "../project/inventory.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Terminal } from "../render/terminal.ts";
import { openContext } from "../session/open-context.ts";
import { statusDocument } from "../status/document.ts";
import { lookAtStack } from "../status/look.ts";
import { statusLines } from "../status/render.ts";

/** What one look at a stack has found. */
export interface Look {
  healthy: boolean;
  /** What `--json` prints. */
  document: Record<string, unknown>;
  /** What people read. */
  lines: string[];
}

/**
 * Makes everything ready that looks at a stack need, and returns what looks. The state is read at each look: an `up` may have changed it.
 * Connections to hosts stay open for the next look; whoever looks closes them (closeSsh).
 */
export async function openLooks(stack: string, input: LoadedStack, terminal: Terminal): Promise<() => Promise<Look>> {
  const context = await openContext(stack, terminal, input.settings);
  const { hosts } = input;
  return async () => {
    await dialAnew();
    const outputs = readOutputs(context, { secrets: true });
    const api = outputs
      .then((outputs) => administratorOf(context, outputs))
      .then((kubeconfig) => (kubeconfig === undefined ? undefined : new ClusterApi(kubeconfig)));
    const seen = await lookAtStack(input, stack, api, outputs.then(kubeconfigsIn));
    const { observation, problems, warnings, vips } = seen;
    return {
      healthy: problems.length === 0,
      document: statusDocument(observation, problems, warnings, { stack, hosts, vips }),
      lines: statusLines(hosts, vips, observation, problems, terminal, stack, warnings),
    };
  };
}
