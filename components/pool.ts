import * as pulumi from "@pulumi/pulumi";
import { locateArtifact, missingArtifacts } from "../plan/digests.ts";
import { hostVersions, type HostReading, type HostVersions } from "../plan/facts.ts";
import { PlinthError, describeFinding } from "../plan/findings.ts";
import { applyOverrides, guardHosts, guardMembership } from "../plan/guards.ts";
import { leavingHosts } from "../plan/membership.ts";
import { checkPool, guardPool, parsePoolMaterial, survivorsOf } from "../plan/pool.ts";
import { resolveDigests } from "./artifacts.ts";
import { resolveAccess } from "./host/access.ts";
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
  /** Host name → address and roles. */
  hosts: Record<string, { address: string; roles: string[] }>;
  /** Host name → versions of its kernel, distribution and tools, as it said before this run. */
  hostVersions: Record<string, HostVersions>;
  /** Component → version. */
  versions: { kubernetes: string; containerd: string };
  /** Id of the cluster that the hosts are claimed for. */
  clusterId: string;
  /** Fully qualified name of the cluster's stack. */
  clusterStack: string;
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
  const access = new Map([...all].filter(([name]) => hosts.some((host) => host.name === name)));
  if (findings.length === 0 && !pulumi.runtime.isDryRun()) await args.lock(all, survivors);
  const readings = await args.readHosts(access);
  findings.push(...accessFindings, ...artifacts.findings, ...registryFindings);
  if (artifacts.findings.length === 0 && findings.length === 0) {
    findings.push(...missingArtifacts(artifacts.digests, config.artifactsUrl, neededArtifacts(hosts, config)));
  }
  findings.push(...guardHosts(hosts, config, readings, { clusterId: material.clusterId }));
  findings.push(...guardPool(args.stack, hosts, readings, material));
  // Only what this stack has done itself: the Nodes of others are none of its business.
  const live = { members: undefined, nodes: undefined };
  const leaving = leavingHosts(hosts, previous?.hosts, live, args.stack);
  const { access: leavingAccess } = await resolveAccess(leaving, config);
  const leavingReadings = leaving.length === 0 ? new Map<string, HostReading>() : await args.readHosts(leavingAccess);
  findings.push(
    ...guardMembership({
      ...{ hosts, leaving, live, bootstrapped: true, requests: args.requests, tombstones: {} },
      readings: new Map([...readings, ...leavingReadings]),
    }),
  );
  const { remaining, setAside } = applyOverrides(findings, [...config.overrides, ...args.requests.overrides]);
  const survivor = all.get(survivors[0]?.name ?? "");
  if (remaining.length > 0 || survivor === undefined) throw new PlinthError(remaining);
  for (const finding of setAside)
    await pulumi.log.warn(`set aside by override:${finding.rule}: ${describeFinding(finding)}`);

  new WorkerPool(args.stack, {
    config,
    hosts,
    stack: args.stack,
    material,
    access,
    survivor,
    readings,
    locate: (item, arch) => locateArtifact(artifacts.digests, config.artifactsUrl, item, arch),
  });
  return {
    endpoint: material.endpoint,
    hosts: Object.fromEntries(hosts.map((host) => [host.name, { address: host.address, roles: [...host.roles] }])),
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    versions: { kubernetes: config.kubernetesVersion, containerd: config.containerdVersion },
    clusterId: material.clusterId,
    clusterStack,
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
