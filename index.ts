import * as pulumi from "@pulumi/pulumi";
import { readDigests } from "./components/artifacts.ts";
import { makeData } from "./components/host/backups.ts";
import { lookAtAgent } from "./components/host/agent.ts";
import { commandVariable, lockForProcess, pluginVariable } from "./components/host/lock.ts";
import { readHosts } from "./components/host/reader.ts";
import { readWorkloads } from "./components/host/workloads.ts";
import { readLockedDigests } from "./components/locked.ts";
import type { ClusterOutputs, PoolOutputs } from "./components/outputs.ts";
import { deployPool } from "./components/pool.ts";
import { readOutputsOf, readPrevious } from "./components/previous.ts";
import type { ProgramArgs } from "./components/preflight.ts";
import { deploy } from "./components/program.ts";
import type { Recorded } from "./components/record.ts";
import { isConfigSecret, withoutSourcePositions } from "./components/sdk.ts";
import { keepSecret, markSecrets } from "./components/secrets.ts";
import { outcomeOf, type Outcome } from "./plan/backup/outcome.ts";
import { isPool } from "./plan/pool.ts";
import { readRecording } from "./plan/record.ts";
import { readRequests } from "./plan/requests.ts";
import { errorWithout, secretTexts } from "./plan/secrets.ts";
import { namespace, readConfig } from "./plan/stackconfig.ts";
import { roles } from "./roles/index.ts";

/**
 * The program of every stack: `hosts/<stack>.ts` and `Pulumi.<stack>.yaml` in, a cluster, or a pool of workers for the
 * cluster of another stack, and its outputs out.
 *
 * @param given an inventory that stands in for `hosts/<stack>.ts`, unchecked; that file is not loaded then.
 */
export default async function program(given?: {
  inventory: unknown;
}): Promise<ClusterOutputs | PoolOutputs | Recorded> {
  withoutSourcePositions();
  const stack = pulumi.getStack();
  const { inventory } = given ?? { inventory: await ownInventory(stack) };
  const config = readConfig(pulumi.runtime.allConfig());
  const args = {
    stack,
    config,
    inventory,
    roles,
    readHosts,
    readWorkloads,
    readDigests,
    lockedDigests: readLockedDigests(),
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
  const run = () => (isPool(config) ? deployPool({ ...args, readOutputsOf }) : deploy(args));
  if (secrets.length === 0) return run();
  keepSecret(secrets);
  try {
    return markSecrets(await run(), secrets) as ClusterOutputs | PoolOutputs | Recorded;
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

async function ownInventory(stack: string): Promise<unknown> {
  const { default: inventory } = (await import(`./hosts/${stack}.ts`)) as { default: unknown };
  return inventory;
}
