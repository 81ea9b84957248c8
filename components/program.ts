import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { planCluster } from "../plan/bundles/index.ts";
import type { ClusterConfig } from "../plan/config.ts";
import { locateArtifact, missingArtifacts } from "../plan/digests.ts";
import { hostVersions, type HostVersions } from "../plan/facts.ts";
import { PlinthError, describeFinding } from "../plan/findings.ts";
import { applyOverrides, guardHosts, guardMembership, type PreviousHosts } from "../plan/guards.ts";
import { checkInput } from "../plan/input.ts";
import type { Host } from "../plan/inventory.ts";
import { poolMaterial, type PoolMaterial } from "../plan/pool.ts";
import { guardTenants, tenantNamespaces, type TenantNamespaces } from "../plan/tenants.ts";
import { resolveDigests, type DigestReader } from "./artifacts.ts";
import { Cluster } from "./cluster.ts";
import { resolveAccess, type Access } from "./host/access.ts";
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
  /** The hosts of the last complete run; undefined when there was none. */
  readPrevious: () => Promise<PreviousHosts | undefined>;
  /** The tenants of the last complete run; undefined when there was none. */
  readPreviousTenants: () => Promise<TenantNamespaces | undefined>;
}

/** Outputs of a stack. Other stacks read them by StackReference. */
export interface ClusterOutputs {
  /** URL of the API server, e.g. `https://192.0.2.10:6443`. */
  endpoint: string;
  /** PEM certificate of the authority that signed the API servers' certificates. */
  caCertificate: pulumi.Output<string>;
  /** Kubeconfig of the administrator, YAML. A secret. */
  kubeconfig: pulumi.Output<string>;
  /** Host name → address and roles. */
  hosts: Record<string, { address: string; roles: string[] }>;
  /** Host name → versions of its kernel, distribution and tools, as it said before this run. */
  hostVersions: Record<string, HostVersions>;
  /** Component → version. */
  versions: { kubernetes: string; etcd: string; containerd: string };
  /** Random id that hosts are claimed with, 16 hexadecimal digits. */
  clusterId: pulumi.Output<string>;
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
  const readings = await args.readHosts(access);
  findings.push(...accessFindings, ...artifacts.findings, ...registryFindings);
  if (artifacts.findings.length === 0 && findings.length === 0) {
    findings.push(...missingArtifacts(artifacts.digests, config.artifactsUrl, neededArtifacts(hosts, config)));
  }
  findings.push(...guardHosts(hosts, config, readings, identity === undefined ? undefined : { clusterId }));
  findings.push(...guardMembership(hosts, readings, previous));
  findings.push(...guardTenants(config.tenants, await args.readPreviousTenants()));
  const { remaining, setAside } = applyOverrides(findings, config.overrides);
  if (remaining.length > 0 || identity === undefined) throw new PlinthError(remaining);
  for (const finding of setAside) await pulumi.log.warn(`set aside by plinth:overrides: ${describeFinding(finding)}`);

  const cluster = new Cluster(config.clusterName, {
    config,
    hosts,
    stack: args.stack,
    clusterId: identity.hex,
    access,
    readings,
    locate: (item, arch) => locateArtifact(artifacts.digests, config.artifactsUrl, item, arch),
  });
  return {
    endpoint: cluster.endpoint,
    caCertificate: cluster.caCertificate,
    kubeconfig: cluster.kubeconfig,
    hosts: Object.fromEntries(hosts.map((host) => [host.name, { address: host.address, roles: [...host.roles] }])),
    hostVersions: Object.fromEntries(
      [...readings].flatMap(([name, reading]) => ("facts" in reading ? [[name, hostVersions(reading.facts)]] : [])),
    ),
    versions: { kubernetes: config.kubernetesVersion, etcd: config.etcdVersion, containerd: config.containerdVersion },
    clusterId: identity.hex,
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
  return planCluster(hosts, config).flatMap(({ host, bundle }) =>
    [...bundle.binaries, ...(bundle.downloads ?? [])].map((item) => ({ item, arch: host.arch })),
  );
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
