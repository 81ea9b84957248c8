import { PlinthError } from "../../plan/findings.ts";
import { parsePreviousRun, type PreviousRun } from "../../plan/previousrun.ts";
import type { EngineContext } from "./context.ts";
import { withoutSecrets } from "./masked.ts";
import { isNoSuchStack, runPulumi } from "./cli.ts";
import { outputsInFile } from "./statefile.ts";

/** Outputs of a stack as the last `up` has left them. None before the first one. */
export type Outputs = Partial<PreviousRun>;

export interface ReadOptions {
  /** Secrets in clear. Default: without them. */
  secrets?: boolean;
}

/**
 * The stack's outputs as they stand in the state, unchecked, for printing and for readers that have a schema of their own.
 * Secrets read `[secret]` unless asked for. Empty when the stack was never brought up.
 */
export async function readRawOutputs(
  context: EngineContext,
  options: ReadOptions = {},
): Promise<Record<string, unknown>> {
  const known = options.secrets === true ? undefined : outputsInFile(context);
  if (known !== undefined) return known;
  const args = ["stack", "output", "--json", ...(options.secrets === true ? ["--show-secrets"] : [])];
  try {
    return JSON.parse(await runPulumi(context, args)) as Record<string, unknown>;
  } catch (error) {
    if (isNoSuchStack(error)) return {};
    throw error;
  }
}

/** @throws PlinthError when they are not as expected. */
export async function readOutputs(context: EngineContext, options: ReadOptions = {}): Promise<Outputs> {
  return checkOutputs(context.stack, await readRawOutputs(context, options));
}

/**
 * @param outputs secrets may be masked: they are left out then.
 * @throws PlinthError when they are not as expected.
 */
export function checkOutputs(stack: string, outputs: Readonly<Record<string, unknown>>): Outputs {
  const { previous, findings } = parsePreviousRun(stack, withoutSecrets(outputs));
  if (findings.length > 0) throw new PlinthError(findings);
  return previous ?? {};
}
