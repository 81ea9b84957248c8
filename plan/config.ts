import { z } from "zod";
import { parseNetwork } from "./addresses.ts";
import type { Finding } from "./findings.ts";
import { ipv4 } from "./inventory.ts";

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, "must be a canonical IPv4 network such as 10.0.0.0/16");

const version = z.string().regex(/^\d+\.\d+\.\d+$/, "must be a version such as 1.36.3, without a leading v");

/** Extra command line arguments of one service: name without dashes → value. They win over Plinth's own. */
const extraArgs = z.record(
  z.string().regex(/^[a-z][a-z0-9-]*$/, "argument names are written without dashes in front"),
  z.string(),
);

/**
 * The configuration of one stack, `plinth:*` in `Pulumi.<stack>.yaml`.
 *
 * Defaults stand here only; `Pulumi.yaml` describes the same keys for `pulumi config`.
 */
export const configSchema = z.strictObject({
  /** Name of the cluster; part of certificates and contexts. Cannot be changed later. */
  clusterName: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, "must be a DNS-1123 label of at most 40 characters"),
  /** Subnet of the control-plane hosts and the VIP. */
  nodeSubnet: network,
  /** Virtual IP of the API server, held by one load-balancer host at a time. Empty: no VIP. */
  vip: ipv4.optional(),
  /** Address of a load balancer of your own, when there is no VIP. IPv4 address or DNS name. */
  externalEndpoint: z.string().min(1).optional(),
  /** VRRP virtual router id, unique in the subnet. */
  virtualRouterId: z.coerce.number().int().min(1).max(255).default(51),
  /** Interface of the hosts that carries their address and the VIP, unless a host names its own. */
  interface: z.string().min(1).default("eth0"),
  /** Pod network. Cannot be changed later. */
  podCidr: network.default("10.244.0.0/16"),
  /** Service network. Cannot be changed later. */
  serviceCidr: network.default("10.96.0.0/16"),
  /** DNS domain of services. Cannot be changed later. */
  clusterDomain: z.string().default("cluster.local"),
  /** Version of all Kubernetes components. */
  kubernetesVersion: version.default("1.36.3"),
  /** Version of etcd. */
  etcdVersion: version.default("3.6.14"),
  /** Base URL from which hosts fetch binaries: the operator's artifact server or a mirror with the same tree. */
  artifactsUrl: z.url("must be a URL such as http://192.0.2.1:8410"),
  /** SSH user of the hosts: root, or a user with passwordless sudo. */
  sshUser: z.string().min(1).default("root"),
  /** SSH port of the hosts. */
  sshPort: z.coerce.number().int().min(1).max(65535).default(22),
  /** Private key file; `~` is the home directory. Empty: the SSH agent. */
  sshPrivateKeyFile: z.string().optional(),
  /** OpenSSH known_hosts file with the hosts' keys; `~` is the home directory. */
  sshKnownHostsFile: z.string().default("~/.ssh/known_hosts"),
  /** Extra arguments of kube-apiserver. */
  apiserverArgs: extraArgs.default({}),
  /** Extra arguments of kube-controller-manager. */
  controllerManagerArgs: extraArgs.default({}),
  /** Extra arguments of kube-scheduler. */
  schedulerArgs: extraArgs.default({}),
  /** Extra arguments of etcd. */
  etcdArgs: extraArgs.default({}),
  /** systemd LimitNOFILE= of the services. */
  openFilesLimit: z.coerce.number().int().min(4096).default(65536),
  /** systemd OOMScoreAdjust= of etcd and the API server; below 0 protects them, 0 leaves them alone. */
  oomScoreAdjust: z.coerce.number().int().min(-1000).max(0).default(-900),
  /** Life of leaf certificates, days. Renewed by `up` when a third is left. */
  certificateDays: z.coerce.number().int().min(1).max(3650).default(365),
  /** Life of certificate authorities, days. */
  authorityDays: z.coerce.number().int().min(30).max(36500).default(3650),
  /** Names of guards that are set aside for this run, e.g. `[port-taken]`. */
  overrides: z.array(z.string()).default([]),
});

export type ClusterConfig = z.output<typeof configSchema>;
/** Names of all configuration keys, without the `plinth:` in front. */
export const configKeys = Object.keys(configSchema.shape);
/** Keys whose values are lists or maps, written as YAML in the stack's file. */
export const structuredKeys = ["apiserverArgs", "controllerManagerArgs", "schedulerArgs", "etcdArgs", "overrides"];

/**
 * Checks the raw values of the `plinth:` namespace.
 *
 * @param raw key → value as the stack's file has it; an empty string counts as not set.
 * @returns a finding for every key that is not right, and the configuration with those keys left out, so that the rest
 * can be judged as well; no configuration when what is left does not make one.
 */
export function parseConfig(raw: Readonly<Record<string, unknown>>): { config?: ClusterConfig; findings: Finding[] } {
  const set = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== "" && value !== undefined));
  const parsed = configSchema.safeParse(set);
  if (parsed.success) return { config: parsed.data, findings: [] };
  const findings = parsed.error.issues.flatMap((issue): Finding[] => {
    if (issue.code === "unrecognized_keys" && issue.path.length === 0) return issue.keys.map(unknownKey);
    const key = issue.path.map(String).join(".");
    const missing = issue.path.length === 1 && set[String(issue.path[0])] === undefined;
    return [
      {
        rule: "config",
        kind: "input",
        hosts: [],
        message: missing ? `config key plinth:${key} is not set` : `config key plinth:${key} ${issue.message}`,
        remedy: `set it in the stack's file (Pulumi.<stack>.yaml), Pulumi.yaml describes it`,
      },
    ];
  });
  const wrong = new Set(
    parsed.error.issues.flatMap((issue) =>
      issue.path.length > 0 ? [String(issue.path[0])] : "keys" in issue ? issue.keys : [],
    ),
  );
  const rest = configSchema.safeParse(Object.fromEntries(Object.entries(set).filter(([key]) => !wrong.has(key))));
  return rest.success ? { config: rest.data, findings } : { findings };
}

function unknownKey(key: string): Finding {
  const near = configKeys.find((known) => known.toLowerCase() === key.toLowerCase());
  const hint = near === undefined ? `the known keys are ${configKeys.join(", ")}` : `did you mean plinth:${near}?`;
  return {
    rule: "unknown-config-key",
    kind: "input",
    hosts: [],
    message: `config key plinth:${key} is unknown`,
    remedy: `remove or correct it; ${hint}`,
  };
}
