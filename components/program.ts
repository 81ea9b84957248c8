import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { planCluster } from "../plan/bundles/index.ts";
import { membershipChange } from "../plan/membershipchange.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { locateArtifact, missingArtifacts } from "../plan/digests.ts";
import { hostVersions, type HostVersions } from "../plan/facts.ts";
import { PlinthError, describeFinding } from "../plan/findings.ts";
import { applyOverrides, guardHosts, guardMembership, guardSettings } from "../plan/guards.ts";
import { checkInput } from "../plan/stackinput.ts";
import type { Host } from "../plan/inventory.ts";
import { liveCluster } from "../plan/livecluster.ts";
import {
  leavingHosts,
  rememberedHost,
  usableSurvivors,
  type PreviousHost,
  type Tombstone,
} from "../plan/membership.ts";
import type { PreviousRun } from "../plan/previousrun.ts";
import { hostScript, scriptDownload } from "../plan/scripts.ts";
import type { RunRequests } from "../plan/requests.ts";
import { unreachableWarning } from "../plan/unreachable.ts";
import { poolMaterial, type PoolMaterial } from "../plan/pool.ts";
import { guardTenants, tenantNamespaces, type TenantNamespaces } from "../plan/tenants.ts";
import { resolveDigests, type DigestReader } from "./artifacts.ts";
import { Cluster } from "./cluster.ts";
import { chosenFrom, resolveAccess, type Access } from "./host/access.ts";
import { lockFindings, type TakeLock } from "./host/lock.ts";
import type { HostReader } from "./host/reader.ts";
import { checkRegistryAuthorities } from "./registries.ts";

/** What a run is given. Readers are passed in, so that tests give their own. */
export interface ProgramArgs {
  /** Name of the Pulumi stack. */
  stack: string;
  /** Raw values of the `plinth:` configuration. */
  config: Readonly<Record<string, unknown>>;
  /** The default export of `hosts/<stack>.ts`, unchecked. */
  inventory: unknown;
  readHosts: HostReader;
  readDigests: DigestReader;
  /** What the run before has left; undefined when there was none. */
  readPrevious: () => Promise<PreviousRun | undefined>;
  /** What the operator asks of this run. */
  requests: RunRequests;
  /** Keeps other runs off the cluster until this one is over; asked only by runs that change something. */
  lock: TakeLock;
}

/** Outputs of a stack. Other stacks read them by StackReference. */
export interface ClusterOutputs {
  /** URL of the API server, e.g. `https://192.0.2.10:6443`. */
  endpoint: string;
  /** PEM certificate of the authority that signed the API servers' certificates. */
  caCertificate: pulumi.Output<string>;
  /** Kubeconfig of the administrator, YAML. A secret. */
  kubeconfig: pulumi.Output<string>;
  /** Host name → address and roles, and what the next run needs to tell whether it is the same machine. */
  hosts: Record<string, PreviousHost>;
  /** Host name → versions of its kernel, distribution and tools, as it said before this run. */
  hostVersions: Record<string, HostVersions>;
  /** Component → version. */
  versions: { kubernetes: string; etcd: string; containerd: string };
  /** Random id that hosts are claimed with, 16 hexadecimal digits. */
  clusterId: pulumi.Output<string>;
  clusterName: string;
  /** Networks in CIDR notation, and the DNS domain of services. They stay what they are for the life of the cluster. */
  network: { podCidr: string; serviceCidr: string; clusterDomain: string };
  /** Hosts that were declared lost, by name. They are refused until they are reset. */
  lost: Record<string, Tombstone>;
  /** Subject of the roster (a Node, or `roster`) → the control-plane host on which its steps run. For the next run. */
  survivors: Record<string, string>;
  /** How often the roster was made good although nothing about it had changed. For the next run. */
  rosterGeneration: number;
  /** Tenant → its namespaces, the first of them the default of its kubeconfig. */
  tenants: TenantNamespaces;
  /** Tenant → its kubeconfig, YAML. A secret as a whole, apart from `tenants`: secrecy is a property of an output. */
  tenantKubeconfigs: pulumi.Output<Record<string, string>>;
  /** What stacks of worker pools need, with `plinth:exportPoolMaterial` only. A secret: it gives the whole cluster away. */
  poolMaterial?: pulumi.Output<PoolMaterial>;
}

/**
 * The Plinth program: checks everything that can be checked, reads every host once, and only then declares resources.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function deploy(args: ProgramArgs): Promise<ClusterOutputs> {
  const { hosts, config, findings } = checkInput(args.inventory, args.config);
  if (config === undefined) throw new PlinthError(findings);
  // The id is a resource: it is declared only when nothing is wrong so far, and a claim is judged only with it.
  const identity = findings.length === 0 ? new random.RandomId("cluster-id", { byteLength: 8 }) : undefined;
  const [{ access, findings: accessFindings }, artifacts, registryFindings, clusterId, previous] = await Promise.all([
    resolveAccess(hosts, config),
    resolveDigests(config.artifactsUrl, args.readDigests),
    checkRegistryAuthorities(config.registries),
    identity === undefined ? undefined : knownValue(identity.hex),
    args.readPrevious(),
  ]);
  if (identity !== undefined && !pulumi.runtime.isDryRun())
    findings.push(...(await lockFindings(args.lock(access, hosts))));
  const readings = await args.readHosts(access);
  findings.push(...accessFindings, ...artifacts.findings, ...registryFindings);
  if (artifacts.findings.length === 0 && findings.length === 0) {
    findings.push(...missingArtifacts(artifacts.digests, config.artifactsUrl, neededArtifacts(hosts, config)));
  }
  const leaving = leavingHosts(hosts, previous?.hosts, liveCluster(readings), args.stack);
  const { access: leavingAccess } = await resolveAccess(leaving, config);
  const everybody = leaving.length === 0 ? readings : new Map([...readings, ...(await args.readHosts(leavingAccess))]);
  const change = membershipChange({ hosts, leaving, readings: everybody, previous, requests: args.requests });
  const { live, tombstones, bootstrapped, unreachable } = change;
  const judged = new Map([...readings].filter(([name]) => !unreachable.has(name)));
  findings.push(...guardHosts(hosts, config, judged, identity === undefined ? undefined : { clusterId }));
  findings.push(
    ...guardMembership({
      hosts,
      leaving,
      readings: everybody,
      live,
      bootstrapped,
      requests: change.requests,
      tombstones: previous?.lost ?? {},
    }),
    ...guardSettings(config, previous),
    ...guardTenants(config.tenants, previous?.tenants),
  );
  const { remaining, setAside } = applyOverrides(findings, [...config.overrides, ...args.requests.overrides]);
  if (remaining.length > 0 || identity === undefined) {
    // Who has to come back anyway is told of the hosts that could have been left as they are, too.
    const leftOut = hosts.filter(({ name }) => unreachable.has(name));
    throw new PlinthError([...remaining, ...guardHosts(leftOut, config, readings, undefined)]);
  }
  for (const finding of setAside)
    await pulumi.log.warn(`set aside by override:${finding.rule}: ${describeFinding(finding)}`);
  for (const name of unreachable) await pulumi.log.warn(unreachableWarning(name, readings.get(name)));

  const cluster = new Cluster(config.clusterName, {
    config,
    hosts,
    stack: args.stack,
    clusterId: identity.hex,
    access,
    readings,
    locate: (item, arch) => locateArtifact(artifacts.digests, config.artifactsUrl, item, arch),
    bootstrapped,
    unreachable,
    survivors: chosenFrom(access, usableSurvivors(hosts, readings)),
    handingOver: chosenFrom(leavingAccess, change.handingOver),
    previous,
    rosterGeneration: change.rosterGeneration,
    heal: change.heal,
  });
  return {
    endpoint: cluster.endpoint,
    caCertificate: cluster.caCertificate,
    kubeconfig: cluster.kubeconfig,
    hosts: Object.fromEntries(hosts.map((host) => [host.name, rememberedHost(host, cluster.machineIds[host.name])])),
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    versions: { kubernetes: config.kubernetesVersion, etcd: config.etcdVersion, containerd: config.containerdVersion },
    clusterId: identity.hex,
    clusterName: config.clusterName,
    network: { podCidr: config.podCidr, serviceCidr: config.serviceCidr, clusterDomain: config.clusterDomain },
    lost: tombstones,
    survivors: cluster.survivors,
    rosterGeneration: cluster.rosterGeneration,
    tenants: tenantNamespaces(config.tenants),
    tenantKubeconfigs: pulumi.secret(pulumi.all(cluster.tenantKubeconfigs)),
    ...(config.exportPoolMaterial ? { poolMaterial: materialOf(cluster, hosts, config, access, identity.hex) } : {}),
  };
}

function materialOf(
  cluster: Cluster,
  hosts: readonly Host[],
  config: ClusterConfig,
  access: Access,
  clusterId: pulumi.Output<string>,
): pulumi.Output<PoolMaterial> {
  const material = poolMaterial(hosts, config, cluster.endpoint, (host) => {
    const { port = 22, user = "root", hostKey = "" } = access.get(host.name) ?? {};
    return { port, user, hostKey };
  });
  return pulumi.secret(
    pulumi
      .all([clusterId, cluster.caCertificate, cluster.authorityKey, cluster.kubeconfig])
      .apply(([id, certificate, key, kubeconfig]) => ({
        ...material,
        clusterId: id,
        authority: { certificate, key },
        kubeconfig,
      })),
  );
}

/** What hosts will fetch. */
export function neededArtifacts(hosts: readonly Host[], config: ClusterConfig): Parameters<typeof missingArtifacts>[2] {
  const claims = hosts.map(({ arch }) => ({ item: scriptDownload(hostScript()), arch }));
  const bundles = planCluster(hosts, config).flatMap(({ host, bundle }) =>
    [...bundle.binaries, ...(bundle.downloads ?? [])].map((item) => ({ item, arch: host.arch })),
  );
  return [...claims, ...bundles];
}

/**
 * The value of an output now, or undefined when it is not known yet (a preview before the resource exists).
 *
 * Waiting for an output while resources are being declared is unusual: the claim of a host can only be judged with the
 * id that this stack already has, and it must be judged before anything else is declared.
 */
async function knownValue<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  const internal = output as pulumi.Output<T> & { isKnown: Promise<boolean>; promise(): Promise<T> };
  const [isKnown, value] = await Promise.all([internal.isKnown, internal.promise()]);
  return isKnown ? value : undefined;
}
