import * as pulumi from "@pulumi/pulumi";
import { membershipChange } from "../plan/membershipchange.ts";
import { locateArtifact, missingArtifacts } from "../plan/digests.ts";
import { hostVersions, type HostVersions } from "../plan/facts.ts";
import { PlinthError, describeFinding } from "../plan/findings.ts";
import { applyOverrides, guardHosts, guardMembership } from "../plan/guards.ts";
import { liveCluster } from "../plan/livecluster.ts";
import {
  leavingHosts,
  rememberedHost,
  usableSurvivors,
  type PreviousHost,
  type Tombstone,
} from "../plan/membership.ts";
import { checkPool, guardPool, guardSurvivors, parsePoolMaterial, survivorsOf } from "../plan/pool.ts";
import { unreachableWarning } from "../plan/unreachable.ts";
import { resolveDigests } from "./artifacts.ts";
import { chosenFrom, resolveAccess } from "./host/access.ts";
import { lockFindings } from "./host/lock.ts";
import { neededArtifacts, type ProgramArgs } from "./program.ts";
import { checkRegistryAuthorities } from "./registries.ts";
import { WorkerPool } from "./workerpool.ts";

/** What a run of a pool's stack is given. */
export interface PoolArgs extends ProgramArgs {
  /** Outputs of a stack by its fully qualified name, secrets in clear. */
  readOutputsOf: (stack: string) => Promise<Record<string, unknown>>;
}

/** Outputs of a pool's stack. */
export interface PoolOutputs {
  /** URL of the cluster's API. */
  endpoint: string;
  /** Host name → address and roles, and what the next run needs to tell whether it is the same machine. */
  hosts: Record<string, PreviousHost>;
  /** Host name → versions of its kernel, distribution and tools, as it said before this run. */
  hostVersions: Record<string, HostVersions>;
  /** Component → version. */
  versions: { kubernetes: string; containerd: string };
  /** Id of the cluster that the hosts are claimed for. */
  clusterId: string;
  /** Fully qualified name of the cluster's stack. */
  clusterStack: string;
  /** Hosts that were declared lost, by name. They are refused until they are reset. */
  lost: Record<string, Tombstone>;
  /** Subject of the roster (a Node, or `roster`) → the control-plane host on which its steps run. For the next run. */
  survivors: Record<string, string>;
  /** How often the roster was made good although nothing about it had changed. For the next run. */
  rosterGeneration: number;
}

/**
 * The program of a pool's stack: what the cluster's stack hands over, the same checks as for a cluster's own workers, and
 * only then resources: the pool's hosts, and nothing of the cluster.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function deployPool(args: PoolArgs): Promise<PoolOutputs> {
  const clusterStack = String(args.config["clusterStack"]);
  const handed = await outputsOf(args, clusterStack);
  const { material, findings: materialFindings } = parsePoolMaterial(clusterStack, handed["poolMaterial"]);
  const { hosts, config, findings } = checkPool(args.inventory, args.config, material);
  findings.push(...materialFindings);
  if (config === undefined || material === undefined) throw new PlinthError(findings);
  const survivors = survivorsOf(material);
  const [{ access: all, findings: accessFindings }, artifacts, registryFindings, previous] = await Promise.all([
    resolveAccess([...survivors, ...hosts], config),
    resolveDigests(config.artifactsUrl, args.readDigests),
    checkRegistryAuthorities(config.registries),
    args.readPrevious(),
  ]);
  const access = chosenFrom(
    all,
    hosts.map(({ name }) => name),
  );
  if (findings.length === 0 && !pulumi.runtime.isDryRun())
    findings.push(...(await lockFindings(args.lock(all, survivors))));
  const everybody = await args.readHosts(all);
  const readings = new Map([...everybody].filter(([name]) => access.has(name)));
  findings.push(...accessFindings, ...artifacts.findings, ...registryFindings);
  if (artifacts.findings.length === 0 && findings.length === 0) {
    findings.push(...missingArtifacts(artifacts.digests, config.artifactsUrl, neededArtifacts(hosts, config)));
  }
  // The members of etcd are none of a pool's business, and of the Nodes only its own.
  const live = { members: undefined, nodes: liveCluster(everybody).nodes };
  const leaving = leavingHosts(hosts, previous?.hosts, live, args.stack);
  const { access: leavingAccess } = await resolveAccess(leaving, config);
  if (leaving.length > 0) for (const entry of await args.readHosts(leavingAccess)) everybody.set(...entry);
  const change = membershipChange({ hosts, leaving, readings: everybody, previous, requests: args.requests });
  const { tombstones, bootstrapped, unreachable } = change;
  const judged = new Map([...readings].filter(([name]) => !unreachable.has(name)));
  findings.push(...guardHosts(hosts, config, judged, { clusterId: material.clusterId }));
  findings.push(
    ...guardPool(args.stack, hosts, readings, material),
    ...guardSurvivors(survivors, everybody),
    ...guardMembership({
      hosts,
      leaving,
      readings: everybody,
      live,
      bootstrapped,
      requests: change.requests,
      tombstones: previous?.lost ?? {},
    }),
  );
  const { remaining, setAside } = applyOverrides(findings, [...config.overrides, ...args.requests.overrides]);
  if (remaining.length > 0) {
    // Who has to come back anyway is told of the hosts that could have been left as they are, too.
    const leftOut = hosts.filter(({ name }) => unreachable.has(name));
    throw new PlinthError([...remaining, ...guardHosts(leftOut, config, readings, undefined)]);
  }
  for (const finding of setAside)
    await pulumi.log.warn(`set aside by override:${finding.rule}: ${describeFinding(finding)}`);
  for (const name of unreachable) await pulumi.log.warn(unreachableWarning(name, readings.get(name)));

  const pool = new WorkerPool(args.stack, {
    config,
    hosts,
    stack: args.stack,
    clusterId: material.clusterId,
    material,
    access,
    readings,
    locate: (item, arch) => locateArtifact(artifacts.digests, config.artifactsUrl, item, arch),
    bootstrapped,
    unreachable,
    survivors: chosenFrom(all, usableSurvivors(survivors, everybody)),
    previous,
    rosterGeneration: change.rosterGeneration,
    heal: change.heal,
  });
  return {
    endpoint: material.endpoint,
    hosts: Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, pool.machineIds[host.name])])),
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    versions: { kubernetes: config.kubernetesVersion, containerd: config.containerdVersion },
    clusterId: material.clusterId,
    clusterStack,
    lost: tombstones,
    survivors: { ...pool.survivors },
    rosterGeneration: change.rosterGeneration,
  };
}

/** @throws PlinthError when the stack cannot be read. */
async function outputsOf(args: PoolArgs, stack: string): Promise<Record<string, unknown>> {
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
