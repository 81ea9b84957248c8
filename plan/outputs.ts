import semver from "semver";
import { z } from "zod";
import { poolMaterialSchema } from "./poolmaterial.ts";

const version = z.string().refine((text) => semver.valid(text) !== null, "expected a version such as 1.36.3");

/** A host as the next run has to know it. */
const host = z.object({
  address: z.string(),
  roles: z.array(z.string()).readonly(),
  machineId: z.string().exactOptional(),
  /** SSH address, bastions, user and port, where the inventory named them. */
  sshAddress: z.string().exactOptional(),
  bastion: z.array(z.string()).readonly().exactOptional(),
  user: z.string().exactOptional(),
  port: z.number().exactOptional(),
  hostKey: z.string().exactOptional(),
  /** True until the run that was to claim it has ended: if that run was killed, the state has nothing of what is on the host. */
  joining: z.boolean().exactOptional(),
});
export type PreviousHost = z.output<typeof host>;

/** A host that was declared lost: should it come back, it does so with an identity that the cluster has forgotten. */
const tombstone = z.object({ address: z.string(), roles: z.array(z.string()).readonly() });
export type Tombstone = z.output<typeof tombstone>;

/** Versions of what a host brings along. For people: fields may change. */
const versionsOfHost = z.object({
  kernel: z.string(),
  os: z.string(),
  systemd: z.string(),
  /** In Go's terms. */
  arch: z.string(),
  /** Tool of the distribution → version. */
  tools: z.record(z.string(), z.string()),
});
export type HostVersions = z.output<typeof versionsOfHost>;

/** The ways to the API, see `Ways` in plan/wayshape.ts. */
const ways = z.object({
  hosts: z.string(),
  vip: z.string().exactOptional(),
  former: z.array(z.string()).readonly(),
  formerVips: z.array(z.string()).readonly(),
});

/** Outputs that are secrets as a whole. */
export const secretOutputs: ReadonlySet<string> = new Set([
  "kubeconfig",
  "tenantKubeconfigs",
  "poolMaterial",
  "metricsIdentity",
]);

const ofHosts = {
  /** Host name → address and roles, and what the next run needs to tell whether it is the same machine. */
  hosts: z.record(z.string(), host),
  /** Host name → versions of its kernel, distribution and tools, as it said before this run. */
  hostVersions: z.record(z.string(), versionsOfHost),
  /** Random id that hosts are claimed with, 16 hexadecimal digits; a pool has its cluster's. */
  clusterId: z.string(),
  /** Hosts that were declared lost, by name. They are refused until they are reset. */
  lost: z.record(z.string(), tombstone),
};

const ofEveryCluster = {
  ...ofHosts,
  /** URL of the API server, e.g. `https://192.0.2.10:6443`. */
  endpoint: z.string(),
  /** Node, or `roster` for the cluster as a whole, → the control-plane host on which its steps run. For the next run. */
  survivors: z.record(z.string(), z.string()),
  /** How often the roster was made good although nothing about it had changed. For the next run. */
  rosterGeneration: z.number(),
  /** How often a new cluster was started because the one before was gone. For the next run. */
  incarnation: z.number(),
  /** Which of these began with a snapshot of the one before, and have its objects. For the next run. */
  fromSnapshot: z.array(z.number()).readonly().exactOptional(),
  /** Machine ids of hosts of the cluster before, from the day when a new one is started until it has been brought up. */
  formerMachines: z.array(z.string()).readonly().exactOptional(),
};

/** Outputs of a cluster's stack. Other stacks read them by StackReference. */
export const clusterOutputs = z.object({
  ...ofEveryCluster,
  /** PEM certificate of the authority that signed the API servers' certificates. */
  caCertificate: z.string(),
  /** Kubeconfig of the administrator, YAML. A secret. */
  kubeconfig: z.string(),
  /** Component → version. */
  versions: z.object({ kubernetes: version, etcd: version, containerd: version }),
  clusterName: z.string(),
  /** Networks in CIDR notation, and the DNS domain of services. They stay what they are for the life of the cluster. */
  network: z.object({ podCidr: z.string(), serviceCidr: z.string(), clusterDomain: z.string() }),
  /** Tenant → its namespaces, the first of them the default of its kubeconfig. */
  tenants: z.record(z.string(), z.object({ namespaces: z.array(z.string()) })),
  /** Tenant → its kubeconfig, YAML. A secret as a whole, apart from `tenants`: secrecy is a property of an output. */
  tenantKubeconfigs: z.record(z.string(), z.string()),
  /** How Prometheus comes to the figures of all hosts, `scrape_configs` as YAML; with `plinth:metrics` only. */
  scrapeConfig: z.string().exactOptional(),
  /** What is to be acted on, rules of Prometheus as YAML; with `plinth:metrics` only. */
  alertRules: z.string().exactOptional(),
  /** What it shows itself with, as PEM, and nobody else may read figures. A secret; with `plinth:metrics` only. */
  metricsIdentity: z.object({ certificate: z.string(), key: z.string() }).exactOptional(),
  /** By what hosts go to the API, and by what they went before. For the next run. */
  ways: ways.exactOptional(),
  /** Protection → `enforce`, `warn` or `off`, as the last run has set it. For the next run. */
  protections: z.record(z.string(), z.string()).exactOptional(),
  /** What stacks of worker pools need, with `plinth:exportPoolMaterial` only. A secret: it gives the whole cluster away. */
  poolMaterial: poolMaterialSchema.exactOptional(),
});
export type ClusterValues = z.output<typeof clusterOutputs>;

/** Outputs of a stack of machines alone: there is no cluster to tell of. */
export const machineOutputs = z.object({
  kind: z.literal("machines"),
  /** The name that hosts are claimed with. A cluster that the stack gets later may have another. */
  clusterName: z.string(),
  ...ofHosts,
});
export type MachineValues = z.output<typeof machineOutputs>;

/** Outputs of a pool's stack. */
export const poolOutputs = z.object({
  ...ofEveryCluster,
  /** Component → version. */
  versions: z.object({ kubernetes: version, containerd: version }),
  /** Fully qualified name of the cluster's stack. */
  clusterStack: z.string(),
});
export type PoolValues = z.output<typeof poolOutputs>;
