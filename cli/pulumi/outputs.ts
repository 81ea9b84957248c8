import type { EngineContext } from "./context.ts";
import { isNoSuchStack, runPulumi } from "./cli.ts";

export type Outputs = Record<string, unknown>;

/** The stack's outputs. Secrets read `[secret]` unless asked for. Empty when the stack was never brought up. */
export async function readOutputs(context: EngineContext, options: { secrets?: boolean } = {}): Promise<Outputs> {
  const args = ["stack", "output", "--json", ...(options.secrets === true ? ["--show-secrets"] : [])];
  try {
    return JSON.parse(await runPulumi(context, args)) as Outputs;
  } catch (error) {
    if (isNoSuchStack(error)) return {};
    throw error;
  }
}
