import { PlinthError } from "../../plan/findings.ts";
import { parsePoolMaterial, type PoolMaterial } from "../../plan/poolmaterial.ts";
import { CliError } from "../errors.ts";
import { Exit } from "../exit.ts";
import type { EngineContext } from "../pulumi/context.ts";
import { readOutputs, readRawOutputs, type Outputs } from "../pulumi/outputs.ts";

/**
 * What a pool's cluster hands over, as the pool's outputs name it; undefined for a cluster's own stack, and before the first
 * `up`.
 *
 * @throws PlinthError when the cluster's stack does not hand it over any more.
 */
export async function readPoolMaterial(context: EngineContext, outputs: Outputs): Promise<PoolMaterial | undefined> {
  const { clusterStack } = outputs;
  if (clusterStack === undefined) return undefined;
  const { poolMaterial } = await readRawOutputs({ ...context, stack: clusterStack }, { secrets: true });
  const { material, findings } = parsePoolMaterial(clusterStack, poolMaterial);
  if (material === undefined) throw new PlinthError(findings);
  return material;
}

/**
 * Kubeconfig of the administrator of a stack's cluster, be it the stack's own or that which a pool belongs to.
 *
 * @param outputs of the stack, with secrets.
 * @returns undefined before the first `up`.
 * @throws PlinthError as {@link readPoolMaterial}.
 */
export async function administratorOf(context: EngineContext, outputs: Outputs): Promise<string | undefined> {
  const { kubeconfig, clusterStack } = outputs;
  if (kubeconfig !== undefined || clusterStack === undefined) return kubeconfig;
  return (await readOutputs({ ...context, stack: clusterStack }, { secrets: true })).kubeconfig;
}

/** The same, for who cannot do without: before the first `up` a CliError says what to do. */
export async function requireAdministrator(context: EngineContext): Promise<string> {
  const outputs = await readOutputs(context, { secrets: true });
  const kubeconfig = await administratorOf(context, outputs);
  if (kubeconfig !== undefined) return kubeconfig;
  if (outputs.kind === "machines")
    throw new CliError(`Stack "${context.stack}" has machines alone and no cluster, which this is for.`, Exit.badInput);
  throw new CliError(
    `Stack "${context.stack}" has no kubeconfig yet: bring the cluster up first ("./plinth up --stack ${context.stack}").`,
  );
}
