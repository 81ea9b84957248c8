import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { renderRules } from "../plan/alerts/index.ts";
import { endpointOf } from "../plan/endpoint.ts";
import { goneFindings, guardSettingsChange, poolEndpointFindings, returnFindings } from "../plan/guards.ts";
import { renderScrapeConfig } from "../plan/metrics/scrape.ts";
import { keyNames } from "../plan/pki.ts";
import { poolMaterial } from "../plan/pool.ts";
import type { PoolMaterial } from "../plan/poolmaterial.ts";
import { modesOf } from "../plan/protections.ts";
import { beginsCluster } from "../plan/record.ts";
import { checkInput } from "../plan/stackinput.ts";
import { guardTenants, tenantNamespaces } from "../plan/tenants.ts";
import { changedWayWarning, changesWay } from "../plan/ways.ts";
import { Cluster } from "./cluster.ts";
import { fleetOutputs, type ClusterOutputs } from "./outputs.ts";
import { preflight, type Preflight, type ProgramArgs } from "./preflight.ts";
import { record, type Recorded } from "./record.ts";
import { warnOfRefusals } from "./refusals.ts";

/**
 * The program of a cluster's stack: checks everything that can be checked, reads every host once, and only then declares
 * resources.
 *
 * @throws PlinthError with all findings, before any host is touched.
 */
export async function deploy(args: ProgramArgs): Promise<ClusterOutputs | Recorded> {
  const checked = await preflight(args, {
    input: checkInput(args.inventory, args.config, args.roles),
    clusterId: () => new random.RandomId(keyNames.clusterId, { byteLength: 8 }).hex,
    guards: ({ config, hosts, readings, previous, nodes, ways }) => [
      ...goneFindings(hosts, readings, previous),
      ...returnFindings(readings, previous),
      ...guardSettingsChange(config, beginsCluster(previous, config) ? undefined : previous),
      ...guardTenants(config.tenants, previous?.tenants),
      ...(ways === undefined ? [] : poolEndpointFindings({ stack: args.stack, config, ways, previous, nodes })),
    ],
  });
  const recorded = await record(args, checked, () => declareKeys(checked));
  if (recorded !== undefined) return recorded;
  await warnOfRefusals(checked, args.readWorkloads);
  if (checked.ways !== undefined && changesWay(checked.ways, checked.previous))
    await pulumi.log.warn(changedWayWarning(checked.ways, checked.config));
  return declareCluster(checked);
}

/** All keys of a cluster that is new. */
async function declareKeys(
  checked: Preflight,
): Promise<Pick<ClusterOutputs, "endpoint" | "caCertificate" | "kubeconfig" | "clusterId">> {
  const cluster = new Cluster(checked.config.clusterName, checked, renamed(checked));
  await cluster.makeHostKeys();
  const { endpoint, caCertificate, kubeconfig } = cluster;
  return { endpoint, caCertificate, kubeconfig, clusterId: checked.clusterId };
}

/** In a stack that had machines alone, what they were part of is the cluster now: they stay what they are. */
function renamed({ previous, config }: Preflight): pulumi.ComponentResourceOptions {
  const name = previous?.clusterName;
  return beginsCluster(previous, config) && name !== undefined ? { aliases: [{ name }] } : {};
}

async function declareCluster(checked: Preflight): Promise<ClusterOutputs> {
  const { config, clusterId } = checked;
  const cluster = new Cluster(config.clusterName, checked, renamed(checked));
  const parts = await cluster.bringUp();
  return {
    ...fleetOutputs(checked, parts),
    endpoint: cluster.endpoint,
    ...(checked.ways === undefined ? {} : { ways: checked.ways }),
    caCertificate: cluster.caCertificate,
    kubeconfig: cluster.kubeconfig,
    versions: { kubernetes: config.kubernetesVersion, etcd: config.etcdVersion, containerd: config.containerdVersion },
    clusterId,
    clusterName: config.clusterName,
    network: { podCidr: config.podCidr, serviceCidr: config.serviceCidr, clusterDomain: config.clusterDomain },
    tenants: tenantNamespaces(config.tenants),
    tenantKubeconfigs: pulumi.secret(pulumi.all(parts.tenantKubeconfigs)),
    protections: modesOf(config.protections),
    ...metricsOutputs(cluster, checked),
    ...(config.exportPoolMaterial ? { poolMaterial: materialOf(cluster, checked) } : {}),
  };
}

/** For whoever reads figures. */
function metricsOutputs(
  { metricsReader }: Cluster,
  { hosts, config }: Preflight,
): Pick<ClusterOutputs, "scrapeConfig" | "alertRules" | "metricsIdentity"> {
  if (metricsReader === undefined) return {};
  const { certificate, key } = metricsReader;
  return {
    scrapeConfig: renderScrapeConfig(hosts, config),
    alertRules: renderRules(config.monitoring?.pages),
    metricsIdentity: pulumi.secret(
      pulumi.all([certificate, key]).apply(([pem, secret]) => ({ certificate: pem, key: secret })),
    ),
  };
}

function materialOf(cluster: Cluster, checked: Preflight): pulumi.Output<PoolMaterial> {
  const { hosts, config, access, clusterId, incarnation, fromSnapshot } = checked;
  const material = poolMaterial(hosts, config, endpointOf(hosts, config), (host) => {
    const { port = 22, user = "root", hostKey = "" } = access.get(host.name) ?? {};
    return { port, user, hostKey };
  });
  const begun = fromSnapshot.length === 0 ? {} : { fromSnapshot };
  return pulumi.secret(
    pulumi
      .all([clusterId, cluster.caCertificate])
      .apply(([id, authority]) => ({ ...material, clusterId: id, incarnation, ...begun, authority })),
  );
}
