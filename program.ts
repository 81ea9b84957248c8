/**
 * The program of a project, as `plinth`: what its `index.ts` exports.
 *
 * @module
 */

import * as pulumi from "@pulumi/pulumi";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readDigests } from "./components/artifacts.ts";
import { makeData } from "./components/host/backups.ts";
import { lookAtAgent } from "./components/host/agent.ts";
import { commandVariable, lockForProcess, pluginVariable } from "./components/host/lock.ts";
import { readHosts } from "./components/host/reader.ts";
import { readWorkloads } from "./components/host/workloads.ts";
import { readLockedDigests } from "./components/locked.ts";
import { deployMachines } from "./components/machines.ts";
import type { ClusterOutputs, MachineOutputs, PoolOutputs } from "./components/outputs.ts";
import { deployPool } from "./components/pool.ts";
import { readOutputsOf, readPrevious } from "./components/previous.ts";
import type { ProgramArgs } from "./components/preflight.ts";
import { deploy } from "./components/program.ts";
import type { Recorded } from "./components/record.ts";
import { readRoles } from "./components/roles.ts";
import { isConfigSecret, withoutSourcePositions } from "./components/sdk.ts";
import { keepSecret, markSecrets } from "./components/secrets.ts";
import { outcomeOf, type Outcome } from "./plan/backup/outcome.ts";
import { isMachineStack } from "./plan/machinestack.ts";
import { isPool } from "./plan/pool.ts";
import { readRecording } from "./plan/record.ts";
import { readRequests } from "./plan/requests.ts";
import { errorWithout, secretTexts } from "./plan/secrets.ts";
import { namespace, readConfig } from "./plan/stackconfig.ts";

export type { ClusterOutputs, MachineOutputs, PoolOutputs, Recorded };

/** A project: the folder that holds its inventories and its stacks. */
export interface ProjectArgs {
  /** Absolute path of the folder with `index.ts`, `hosts/` and `Pulumi.yaml`: `import.meta.dirname` of `index.ts`. */
  dir: string;
}

/**
 * The program of a project, for the default export of its `index.ts`:
 *
 * ```ts
 * import { program } from "plinth";
 *
 * export default program({ dir: import.meta.dirname });
 * ```
 *
 * It is the program of every stack: `hosts/<stack>.ts` and `Pulumi.<stack>.yaml` in, a cluster, a pool of workers for the cluster of another
 * stack, or machines alone, and its outputs out. The engine runs it at every preview and every run, by `plinth` and by plain `pulumi`.
 *
 * @returns the program. Given an inventory, it takes that, unchecked, in place of what `hosts/<stack>.ts` exports, and does not load that file.
 * It throws a `PlinthError` with all findings when inventory, configuration or hosts are not right; no host has been touched then.
 */
export function program(project: ProjectArgs): (given?: { inventory: unknown }) => Promise<ProgramOutputs> {
  return async (given) => run(project, given ?? { inventory: await ownInventory(project, pulumi.getStack()) });
}

/** What a stack tells other projects: a cluster's outputs, a pool's, those of machines alone, or those of a run that records its resources. */
export type ProgramOutputs = ClusterOutputs | PoolOutputs | MachineOutputs | Recorded;

async function run({ dir }: ProjectArgs, { inventory }: { inventory: unknown }): Promise<ProgramOutputs> {
  withoutSourcePositions();
  const stack = pulumi.getStack();
  const config = readConfig(pulumi.runtime.allConfig());
  const args = {
    stack,
    config,
    inventory,
    roles: await readRoles(dir),
    readHosts,
    readWorkloads,
    readDigests,
    lockedDigests: readLockedDigests(dir),
    readPrevious,
    requests: readRequests(process.env),
    recording: readRecording(process.env),
    // Plain `pulumi` runs the official plugin, which has but the agent.
    ...(process.env[commandVariable] === undefined ? { pluginAgent: () => lookAtAgent() } : {}),
    foreignPlugin: process.env[commandVariable] === undefined || process.env[pluginVariable] === "official",
    ...(isPool(config) ? {} : { backUp: backUpFirst }),
    lock: (access, hosts) =>
      lockForProcess(access, hosts, stack, {
        ...(isPool(config) ? { poolStack: stack } : {}),
        warn: (sentence) => void pulumi.log.warn(sentence).catch(() => undefined),
      }),
  } satisfies ProgramArgs;
  const secrets = secretTexts(
    Object.entries(config)
      // Credentials of registries, proxies and backup targets, and secrets of roles, are secrets wherever they go; user names and who
      // needs no proxy are none.
      .filter(
        ([key]) =>
          !["registryCredentials", "proxy", "backup", "secrets"].includes(key) && isConfigSecret(`${namespace}:${key}`),
      )
      .map(([, value]) => value),
  );
  const declare = () => {
    if (isPool(config)) return deployPool({ ...args, readOutputsOf });
    return isMachineStack(inventory) ? deployMachines(args) : deploy(args);
  };
  if (secrets.length === 0) return declare();
  keepSecret(secrets);
  try {
    return markSecrets(await declare(), secrets) as ProgramOutputs;
  } catch (error) {
    throw errorWithout(error, secrets);
  }
}

/** Sets that this process has had made: the program runs twice where it saves keys first. */
const made = new Map<string, Outcome>();

const backUpFirst: NonNullable<ProgramArgs["backUp"]> = async (hosts, cluster, reason) => {
  const { backup } = cluster;
  if (backup === undefined) throw new Error("there are no backups");
  const before = made.get(reason);
  if (before !== undefined) return before;
  const outcome = outcomeOf(await makeData({ hosts, config: cluster }, backup, reason), backup.targets);
  if (outcome.stored.length > 0) made.set(reason, outcome);
  return outcome;
};

async function ownInventory({ dir }: ProjectArgs, stack: string): Promise<unknown> {
  const file = pathToFileURL(join(dir, "hosts", `${stack}.ts`));
  const { default: inventory } = (await import(file.href)) as { default: unknown };
  return inventory;
}
