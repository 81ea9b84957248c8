import semver from "semver";
import { z } from "zod";
import { parseNetwork } from "./addresses.ts";
import { apiserverFilesSchema } from "./apiserverfiles.ts";
import { authenticationSchema } from "./authentication.ts";
import { certificatesSchema } from "./certificatesettings.ts";
import { containerdSchema } from "./containerdsettings.ts";
import type { Finding } from "./findings.ts";
import { ipv4 } from "./inventory.ts";
import { printable } from "./printable.ts";
import { backupSchema } from "./backup/settings.ts";
import { bastionChain } from "./reach.ts";
import { metricsSchema } from "./metrics/settings.ts";
import { monitoringSchema } from "./monitoring/settings.ts";
import { networkCheckSchema } from "./networkcheck/settings.ts";
import { noticesSchema } from "./notices/settings.ts";
import { protectionsSchema } from "./protections.ts";
import { proxySchema } from "./proxysettings.ts";
import { largestMtu, smallestMtu } from "./mtu.ts";
import { holdsUnread, isUnread, type RawConfig } from "./rawconfig.ts";
import { registriesSchema, registryCredentialsSchema } from "./registrysettings.ts";
import { parametersSchema, secretNamePattern, type RoleShape } from "./roles/shape.ts";
import type { VrrpInstance, Ways } from "./wayshape.ts";
import { directoriesSchema } from "./settings/directories.ts";
import { groupSchema, overlay, sysctls } from "./settings/schema.ts";
import {
  certifiedName,
  dnsDomain,
  etcdArguments,
  extraArgs,
  imageReference,
  interfaceName,
  localFile,
  loginName,
  oneLine,
  placeOf,
  plainly,
  reasonOf,
  serverName,
  serverPlace,
  webUrl,
  words,
} from "./texts.ts";

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, "must be a canonical IPv4 network such as 10.0.0.0/16");

const version = z
  .string()
  .refine(
    (text) => semver.valid(text) === text && semver.prerelease(text) === null,
    "must be a version such as 1.36.3, without a leading v",
  );

/** Values of the stack's file are text for `pulumi config set`. */
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

/** TCP port that the load balancers forward to a NodePort of the workers; docs/networking.md. */
const servicePort = z.strictObject({
  /** Unique; part of names in the load balancer's configuration. */
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be a DNS-1123 label"),
  /** Port that clients use. */
  port: z.int().min(1).max(65535),
  /** Port of the Service on every Node, within `service-node-port-range` of `apiserverArgs`. */
  nodePort: z.int().min(1).max(65535),
  /** Address that clients use: `vip` or `serviceVip`. Default: `serviceVip` where there is one, else `vip`. */
  address: ipv4.optional(),
  /** What is forwarded: TCP, which is also the default. HAProxy has no UDP. */
  protocol: z
    .literal(
      "tcp",
      "must be tcp: HAProxy does not forward UDP; a load balancer in the cluster can give such a Service an address of its own (docs/networking.md)",
    )
    .optional(),
  /**
   * `spec.healthCheckNodePort` of a Service with `externalTrafficPolicy: Local`: only Nodes with pods of it get connections. Within the same
   * range as `nodePort`. Default: any worker that is healthy.
   */
  healthCheckNodePort: z.int().min(1).max(65535).optional(),
  /** Version of the PROXY protocol by which the pods learn who the client is; `true` is v1. Default: none. */
  proxyProtocol: z
    .union([flag, z.enum(["v1", "v2"])], "must be true, false, v1 or v2")
    .transform((value) => (value === true ? "v1" : value === false ? undefined : value))
    .optional(),
});

/** What the hosts must at least have. */
const baseline = z.strictObject({
  /** Lowest kernel version, e.g. `5.15`. */
  kernel: oneLine.optional(),
  /** Allowed distributions as `id version` of /etc/os-release, e.g. `debian 12`. */
  os: z.array(oneLine).optional(),
  /** Lowest systemd version, e.g. `252`. */
  systemd: oneLine.optional(),
});

/** Who shares the cluster with others; docs/outputs.md tells what a tenant may do. Names and quantities: tenants.ts. */
const tenant = z.strictObject({
  /** Namespaces of the tenant, the first of them the default of its kubeconfig. Default: one, called like the tenant. */
  namespaces: z.array(oneLine).nonempty("must have at least one namespace").optional(),
  /** Limits of each of its namespaces, as in a ResourceQuota, e.g. `requests.cpu: "4"`, `pods: 50`. */
  quota: z.record(oneLine, z.coerce.string().pipe(oneLine)).default({}),
  /** Pod security standard that its namespaces enforce. */
  podSecurity: z.enum(["privileged", "baseline", "restricted"]).default("restricted"),
});

/** Settings of the cluster, or of what only a cluster's own hosts do. A pool's stack has none of them set. */
const clusterSettings = {
  /** Name of the cluster; part of certificates and contexts. Cannot be changed later. */
  clusterName: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, "must be a DNS-1123 label of at most 40 characters"),
  /** Subnet of the control-plane hosts and the VIP. */
  nodeSubnet: network,
  /** Virtual IP of the API server, held by one load-balancer host at a time. Empty: no VIP. */
  vip: ipv4.optional(),
  /** DNS name of the VIP, which people and other stacks reach the API by. Hosts of the cluster use the VIP itself. */
  vipName: serverName.optional(),
  /** A load balancer of your own, when there is no VIP: IPv4 address or DNS name, with a port unless it is 6443. */
  externalEndpoint: serverPlace.optional(),
  /**
   * Whether load balancers go on holding a virtual IP that is not the API's any more, after the last Node of this stack goes by another
   * way: for worker pools that have not been changed yet, and for kubeconfigs that people have.
   */
  keepFormerEndpoints: flag.default(false),
  /** Further names and addresses that clients reach the API servers by; part of their certificates. */
  apiserverSans: z.array(certifiedName).default([]),
  /** VRRP virtual router id, unique in the subnet. */
  virtualRouterId: z.coerce.number().int().min(1).max(255).default(51),
  /** Pod network. Cannot be changed later. */
  podCidr: network.default("10.244.0.0/16"),
  /** Service network. Cannot be changed later. */
  serviceCidr: network.default("10.96.0.0/16"),
  /** DNS domain of services. Cannot be changed later. */
  clusterDomain: dnsDomain.default("cluster.local"),
  /** Version of etcd. */
  etcdVersion: version.default("3.6.14"),
  /** Where backup sets go, who can open them, how often they are made; see backup/settings.ts. Empty: none are made. */
  backup: backupSchema.optional(),
  /** Version of restic, which writes sets to targets. */
  resticVersion: version.default("0.18.1"),
  /** Version of age, which seals them. */
  ageVersion: version.default("1.3.2"),
  /** Extra arguments of kube-apiserver. */
  apiserverArgs: extraArgs.default({}),
  /** Files of the operator's machine that the API servers are given, by their path on the hosts. */
  apiserverFiles: apiserverFilesSchema.default({}),
  /** Who may log in besides holders of certificates and service accounts' tokens: JWT issuers (OpenID Connect). */
  authentication: authenticationSchema.default({}),
  /** Admission plugin → its configuration, merged over Plinth's where there is one. The plugins are turned on. */
  admission: z
    .record(z.string().regex(/^[A-Z][A-Za-z0-9]*$/, "must be the name of an admission plugin"), overlay)
    .default({}),
  /** Protections of the API, by name: `enforce`, `warn` or `off`. Default: all are enforced. */
  protections: protectionsSchema.default({}),
  /** Extra arguments of kube-controller-manager. */
  controllerManagerArgs: extraArgs.default({}),
  /** Extra arguments of kube-scheduler. */
  schedulerArgs: extraArgs.default({}),
  /** Extra arguments of etcd. */
  etcdArgs: etcdArguments.default({}),
  /**
   * Percentage of a member's database that may be free space before the member defragments itself; 0: never. Databases below 100 MiB are left
   * alone. At 50 half of what is read, written and sent to a new member is nothing, and much less is free again within the day: etcd fills free
   * space before it grows.
   */
  etcdDefragPercent: z.coerce.number().int().min(0).max(95).default(50),
  /** Life of certificate authorities, days. */
  authorityDays: z.coerce.number().int().min(30).max(36500).default(3650),
  /** Lives of other certificates that are not `certificateDays`: see certificatesettings.ts. */
  certificates: certificatesSchema.default({}),
  /** Pod network: `flannel`, or `none` for one of your own (Nodes become ready once it is there). */
  network: z.enum(["flannel", "none"]).default("flannel"),
  /** MTU of the links between Nodes, bytes: what packets of pods are made to fit in. Default: the lowest of the control-plane hosts. */
  mtu: z.coerce.number().int().min(smallestMtu).max(largestMtu).optional(),
  /** Image of CoreDNS. */
  corednsImage: imageReference.default("registry.k8s.io/coredns/coredns:v1.15.0"),
  /** Image of metrics-server. */
  metricsServerImage: imageReference.default("registry.k8s.io/metrics-server/metrics-server:v0.9.0"),
  /** Name servers that cluster DNS forwards other names to: addresses, or /etc/resolv.conf of the Node. Empty: none. */
  dnsUpstreams: z.array(words).default(["/etc/resolv.conf"]),
  /** TCP ports that the load balancers forward to NodePorts of the workers. */
  servicePorts: z.array(servicePort).default([]),
  /** A second virtual IP, for service ports. */
  serviceVip: ipv4.optional(),
  /** VRRP virtual router id of `serviceVip`. */
  serviceRouterId: z.coerce.number().int().min(1).max(255).default(52),
  /** Who shares the cluster, by name. Each gets namespaces and a kubeconfig of its own. */
  tenants: z.record(oneLine, tenant).default({}),
  /** Whether the stack has the output that pools need: who reads it has the whole cluster. */
  exportPoolMaterial: flag.default(false),
};

const secretName = z.string().regex(secretNamePattern, "must be a name of A-Z a-z 0-9 . _ -");

/** Settings of a stack's own hosts and of how they are reached, be they the cluster's or a worker pool's. */
const hostSettings = {
  /** Interface of the hosts that carries their address and the VIP, unless a host names its own. */
  interface: interfaceName.default("eth0"),
  /** Version of all Kubernetes components. */
  kubernetesVersion: version.default("1.36.3"),
  /** Base URL from which hosts fetch binaries: the operator's artifact server or a mirror with the same tree. */
  artifactsUrl: webUrl,
  /** SSH user of the hosts: root, or a user with sudo. Default: that of the operator's ~/.ssh/config, or root. */
  sshUser: loginName.optional(),
  /** SSH port of the hosts. Default: that of the operator's ~/.ssh/config, or 22. */
  sshPort: z.coerce.number().int().min(1).max(65535).optional(),
  /**
   * Key file; `~` is the home directory. The only key that hosts are offered. One with a passphrase is opened by
   * PLINTH_SSH_PASSPHRASE, used by the SSH agent, or asked for on a terminal; a public key is the agent's. Empty: the keys of the
   * agent.
   */
  sshPrivateKeyFile: localFile.optional(),
  /**
   * Jump hosts on the way to all hosts, the first one from the operator's machine first, each as `[user@]host[:port]`. Their keys
   * are in `sshKnownHostsFile`; each has one connection, which all hosts behind it share.
   */
  bastion: bastionChain.default([]),
  /** Password for sudo of users other than root. Set it as a secret, or PLINTH_SUDO_PASSWORD, which goes before it. */
  sudoPassword: words.optional(),
  /**
   * SSH connections that are being opened at the same time, over all hosts. sshd drops connections that have not logged in from
   * the tenth on (`MaxStartups 10:30:100`), and a bastion in front of the hosts counts all of them: two are left for others.
   */
  sshDials: z.coerce.number().int().min(1).max(1000).default(8),
  /** OpenSSH known_hosts file with the hosts' keys; `~` is the home directory. */
  sshKnownHostsFile: localFile.default("~/.ssh/known_hosts"),
  /** systemd LimitNOFILE= of the services. */
  openFilesLimit: z.coerce.number().int().min(4096).default(65536),
  /** systemd OOMScoreAdjust= of etcd and the API server; below 0 protects them, 0 leaves them alone. */
  oomScoreAdjust: z.coerce.number().int().min(-1000).max(0).default(-900),
  /** Life of leaf certificates, days. Renewed by `up` when a third is left. */
  certificateDays: z.coerce.number().int().min(1).max(3650).default(365),
  /** Version of containerd. A change drains a host before its runtime is replaced. */
  containerdVersion: version.default("2.4.2"),
  /** Version of runc. */
  runcVersion: version.default("1.5.2"),
  /** Version of the CNI plugins. */
  cniVersion: version.default("1.9.1"),
  /** Version of flannel. */
  flannelVersion: version.default("0.28.10"),
  /** Version of node_exporter. */
  nodeExporterVersion: version.default("1.10.2"),
  /** Figures of hosts and of what they run: see metrics/settings.ts. Default: nobody is told any. */
  metrics: metricsSchema.optional(),
  /** Prometheus, Alertmanager and kube-state-metrics in the cluster: see monitoring/settings.ts. Default: none of them. It needs `metrics`. */
  monitoring: monitoringSchema.optional(),
  /** Image of the pods' sandboxes. */
  sandboxImage: imageReference.default("registry.k8s.io/pause:3.10.1"),
  /** Image archives that every Node is given beforehand: NAME stands for images/NAME.tar of the artifact server. */
  images: z.array(z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be the name of an archive")).default([]),
  /** Mirrors and trust by registry as images name it, e.g. `docker.io`, or `_default` for all others. */
  registries: registriesSchema.default({}),
  /** User and password by registry or mirror host. Set it with `pulumi config set --secret --path`. */
  registryCredentials: registryCredentialsSchema.default({}),
  /** Proxies by which containerd pulls images and packages are installed: `http`, `https`, `noProxy`. Plinth itself uses none. */
  proxy: proxySchema.default({ noProxy: [] }),
  /** Runtimes besides runc, and settings that are laid over Plinth's configuration of containerd. */
  containerd: containerdSchema.default({ runtimes: {}, settings: {} }),
  /** Cgroup driver of the kubelet and containerd. */
  cgroupDriver: z.enum(["systemd", "cgroupfs"]).default("systemd"),
  /** For hosts that may not lower a process's OOM score: containers without CAP_SYS_RESOURCE. */
  restrictOomScoreAdj: flag.default(false),
  /** Merged over Plinth's KubeletConfiguration. */
  kubeletConfig: overlay.default({}),
  /** Flags of the kubelet that its configuration file does not have. */
  kubeletArgs: extraArgs.default({}),
  /** Merged over Plinth's KubeProxyConfiguration. */
  kubeProxyConfig: overlay.default({}),
  /** Flags of kube-proxy that its configuration file does not have. */
  kubeProxyArgs: extraArgs.default({}),
  /** Flags of flannel. */
  flannelArgs: extraArgs.default({}),
  /** Where data is that grows: of etcd, of containerd, of the kubelet. A host keeps its directories until it is made anew. */
  directories: directoriesSchema.default({}),
  /** Parameters of the project's roles, by role. */
  parameters: parametersSchema.default({}),
  /** Texts that roles name by `secret("NAME")`, for files of hosts. Set them as secrets. */
  secrets: z.record(secretName, z.string().min(1, "must not be empty")).default({}),
  /** Hosts by labels of the inventory, and what they have for themselves of such settings. Later groups are laid over earlier ones. */
  groups: z.array(groupSchema).default([]),
  /** Workers that may change at the same time: a number, or a percentage of all workers (at least one). */
  maxUnavailable: z.coerce
    .string()
    .regex(/^([1-9]\d*|[1-9]\d?%|100%)$/, "must be a number such as 2 or a percentage such as 10%")
    .default("10%"),
  /** Racks in which workers may change at the same time. */
  maxRacks: z.coerce.number().int().min(1).default(1),
  /** Seconds that pods get to end when they are drained; empty: what each pod asks for. */
  drainGraceSeconds: z.coerce.number().int().min(0).optional(),
  /** Seconds that a drain may take before it fails. */
  drainSeconds: z.coerce.number().int().min(10).max(86400).default(300),
  /** Kernel parameters, merged over Plinth's; an empty value leaves one alone. */
  sysctls: sysctls.default({}),
  /** How the data path is tested: see networkcheck/settings.ts. */
  networkCheck: networkCheckSchema.prefault({}),
  /** Who is told of runs: see notices/settings.ts. Default: nobody is. */
  notices: noticesSchema.optional(),
  /** Versions that hosts must at least have. */
  hostBaseline: baseline.default({}),
  /** Makes the stack a worker pool of the cluster of another stack, by its fully qualified name. See docs/pools.md. */
  clusterStack: z
    .string()
    .regex(/^\w[\w.-]*\/\w[\w.-]*\/\w[\w.-]*$/, "must be a stack such as organization/plinth/prod")
    .optional(),
  /** Names of guards that are set aside for this run, e.g. `[port-taken]`. */
  overrides: z.array(z.string().regex(/^[a-z][a-z0-9-]*$/, "must be the name of a guard")).default([]),
};

/**
 * The configuration of one stack, `plinth:*` in `Pulumi.<stack>.yaml`.
 *
 * `Pulumi.yaml` describes the same keys, with the same defaults, for `pulumi config`.
 */
export const configSchema = z.strictObject({ ...clusterSettings, ...hostSettings });

export type ClusterSettings = z.output<typeof configSchema>;
/** The settings, and what a run knows besides. */
export type ClusterConfig = ClusterSettings & Remembered;

/** What a run knows besides its settings, of the run before and of its hosts. Default: nothing, as before the first run. */
export interface Remembered {
  ways?: Ways;
  /** How load balancers hold the virtual IP of the API. */
  apiInstance?: Omit<VrrpInstance, "address">;
  /** The roles of the project. */
  roles?: readonly RoleShape[];
  /** Host → roles that it has, and is not to have any more: what is left to do is to take them back. */
  formerRoles?: Readonly<Record<string, readonly string[]>>;
  /** Host → bundle of a role → the one that has its turn in its place there, see plan/roles/turns.ts. */
  roleTurns?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Machine besides the cluster → bundles of Nodes that it carries from when it was one: likewise. */
  formerBundles?: Readonly<Record<string, readonly string[]>>;
  /** Whether the stack has no cluster, but machines alone. Default: no. */
  machinesOnly?: true;
}

/** Archives of images that Nodes are given beforehand. */
export function imageArchives({
  images,
  metrics,
  monitoring,
}: Pick<ClusterSettings, "images" | "metrics" | "monitoring">): string[] {
  return [...new Set([...images, ...(metrics?.archives ?? []), ...(monitoring?.images.archives ?? [])])].toSorted();
}

/** A configuration with the roles of the project; as it is where there are none. */
export function withRoles(config: ClusterConfig, roles: readonly RoleShape[]): ClusterConfig {
  return roles.length === 0 ? config : { ...config, roles };
}

/** Names of all configuration keys, without the `plinth:` in front. */
export const configKeys = Object.keys(configSchema.shape);
/** Keys that a pool's stack takes from its cluster. */
export const clusterKeys = Object.keys(clusterSettings);
/** Keys whose values are lists or maps, written as YAML in the stack's file. */
export const structuredKeys = Object.entries(configSchema.shape)
  .filter(([, field]) => isStructured(field))
  .map(([key]) => key);

function isStructured(field: z.core.$ZodType): boolean {
  const { def } = (field as z.core.$ZodTypes)._zod;
  return "innerType" in def ? isStructured(def.innerType) : ["object", "record", "array"].includes(def.type);
}

/** What the raw values of a configuration come to. */
export interface ParsedConfig {
  /** Undefined when what is right does not make a configuration. */
  config?: ClusterConfig;
  /** One for every key that is not right. */
  findings: Finding[];
  /** Keys with a secret that was not decrypted: they were judged as far as they could be read, and `config` lacks them. */
  unread: string[];
}

/**
 * Checks the raw values of the `plinth:` namespace.
 *
 * @param raw key → value as `readConfig` has it; an empty string counts as not set.
 * @returns findings, and the configuration without the keys that are not right, so that the rest can be judged as well.
 */
export function parseConfig(raw: RawConfig): ParsedConfig {
  const set = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== "" && value !== undefined));
  const unread = Object.keys(set).filter((key) => holdsUnread(set[key]));
  const parsed = configSchema.safeParse(set, { error: plainly });
  if (parsed.success && unread.length === 0) return { config: parsed.data, findings: [], unread };
  const issues = (parsed.error?.issues ?? []).filter(({ path }) => !isUnread(set, path));
  const findings = issues.flatMap((issue): Finding[] => {
    if (issue.code === "unrecognized_keys" && issue.path.length === 0) return issue.keys.map(unknownKey);
    const key = placeOf(issue);
    const missing = issue.path.length === 1 && set[String(issue.path[0])] === undefined;
    return [
      {
        rule: "config",
        kind: "input",
        hosts: [],
        message: missing ? `config key plinth:${key} is not set` : `config key plinth:${key} ${reasonOf(issue)}`,
        remedy: `set it in the stack's file (Pulumi.<stack>.yaml), Pulumi.yaml describes it`,
      },
    ];
  });
  const leftOut = new Set([
    ...unread,
    ...issues.flatMap((issue) => (issue.path.length > 0 ? [String(issue.path[0])] : "keys" in issue ? issue.keys : [])),
  ]);
  const rest = configSchema.safeParse(Object.fromEntries(Object.entries(set).filter(([key]) => !leftOut.has(key))));
  return { ...(rest.success ? { config: rest.data } : {}), findings, unread };
}

function unknownKey(key: string): Finding {
  const near = configKeys.find((known) => known.toLowerCase() === key.toLowerCase());
  const hint = near === undefined ? `the known keys are ${configKeys.join(", ")}` : `did you mean plinth:${near}?`;
  return {
    rule: "unknown-config-key",
    kind: "input",
    hosts: [],
    message: `config key plinth:${printable(key, 100)} is unknown`,
    remedy: `remove or correct it; ${hint}`,
  };
}
