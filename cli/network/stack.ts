import { readPoolMaterial, requireAdministrator } from "../cluster/administrator.ts";
import type { StackInput } from "../project/inventory.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs } from "../pulumi/outputs.ts";
import type { Terminal } from "../render/terminal.ts";
import { checkNetwork, hostEndpoint, type NetworkReport } from "./check.ts";

/**
 * Tests the network of a stack, with what its state says about it.
 *
 * @throws CliError before the first `up`, and as `checkNetwork`.
 */
export async function testNetwork(
  context: EngineContext,
  input: StackInput,
  terminal: Pick<Terminal, "note">,
  signal: AbortSignal,
): Promise<NetworkReport | undefined> {
  const kubeconfig = await requireAdministrator(context);
  const outputs = await readOutputs(context, { secrets: true });
  const material = await readPoolMaterial(context, outputs);
  const endpoint = hostEndpoint(input.config, { ofCluster: material?.endpoint, output: outputs.endpoint });
  const say = (line: string): void => {
    terminal.note(line);
  };
  return checkNetwork({ stack: context.stack, input, kubeconfig, endpoint, signal, say });
}
