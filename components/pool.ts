import * as pulumi from "@pulumi/pulumi";
import { PlinthError } from "../plan/findings.ts";
import { hasOtherObjects, remainsFindings } from "../plan/guards.ts";
import { checkPool, controlPlaneOf, guardPool, guardRosterHosts } from "../plan/pool.ts";
import { parsePoolMaterial, type PoolMaterial } from "../plan/poolmaterial.ts";
import { fleetOutputs, type PoolOutputs } from "./outputs.ts";
import { preflight, type Preflight, type ProgramArgs } from "./preflight.ts";
import { record, type Recorded } from "./record.ts";
import { WorkerPool } from "./workerpool.ts";

/** What a run of a pool's stack is given. */
export interface PoolArgs extends ProgramArgs {
  /** Outputs of a stack by its fully qualified name, secrets in clear. */
  readOutputsOf: (stack: string) => Promise<Readonly<Record<string, unknown>>>;
}

/**
 * The program of a pool's stack: what the cluster's stack hands over, the same checks as for a cluster's own workers, and
 * only then resources: the pool's hosts, and nothing of the cluster.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function deployPool(args: PoolArgs): Promise<PoolOutputs | Recorded> {
  const clusterStack = String(args.config["clusterStack"]);
  const handed = await outputsOf(args, clusterStack);
  const { material, findings } = parsePoolMaterial(clusterStack, handed["poolMaterial"]);
  const input = checkPool(args.inventory, args.config, material, args.roles);
  if (material === undefined) throw new PlinthError([...input.findings, ...findings]);
  const controlPlane = controlPlaneOf(material);
  const checked = await preflight(args, {
    input,
    clusterId: () => pulumi.output(material.clusterId),
    controlPlane,
    incarnation: material.incarnation,
    fromSnapshot: material.fromSnapshot ?? [],
    guards: ({ hosts, readings, previous }) => [
      ...(hasOtherObjects(previous, material) ? remainsFindings(hosts, readings) : []),
      ...guardPool(args.stack, hosts, readings, material),
      ...guardRosterHosts(controlPlane, readings),
    ],
  });
  return (await record(args, checked, () => Promise.resolve({}))) ?? declarePool(checked, clusterStack, material);
}

async function declarePool(checked: Preflight, clusterStack: string, material: PoolMaterial): Promise<PoolOutputs> {
  const { config, stack } = checked;
  const pool = new WorkerPool(stack, { ...checked, material });
  return {
    ...fleetOutputs(checked, await pool.bringUp()),
    endpoint: material.endpoint,
    versions: { kubernetes: config.kubernetesVersion, containerd: config.containerdVersion },
    clusterId: material.clusterId,
    clusterStack,
  };
}

/** @throws PlinthError when the stack cannot be read. */
async function outputsOf(args: PoolArgs, stack: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await args.readOutputsOf(stack);
  } catch (error) {
    throw new PlinthError([
      {
        rule: "cluster-stack",
        kind: "input",
        hosts: [],
        message: `the stack ${stack} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        remedy: "correct plinth:clusterStack; both stacks must be in one backend, and you must be able to decrypt it",
      },
    ]);
  }
}
