import { isDeepStrictEqual } from "node:util";
import { SemVer } from "semver";
import { validateAddresses } from "./addressrules.ts";
import { clusterKeys, configSchema, parseConfig, withRoles, type ClusterConfig } from "./config.ts";
import { endpointText, placeOfEndpoint } from "./endpoint.ts";
import type { HostReading } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { hostSchema, parseInventory, withRole, type Host } from "./inventory.ts";
import { nodeNetworkArguments } from "./networksizes.ts";
import type { PoolMaterial } from "./poolmaterial.ts";
import type { RawConfig } from "./rawconfig.ts";
import { askedRoles, roleFindings } from "./roles/findings.ts";
import type { RoleShape } from "./roles/shape.ts";
import { validateCluster, validateMachines, validateSharing } from "./validate.ts";

/** Whether a stack's configuration makes it a worker pool of another stack's cluster. */
export function isPool(rawConfig: RawConfig): boolean {
  return rawConfig["clusterStack"] !== undefined && rawConfig["clusterStack"] !== "";
}

/**
 * Whether a pool sets something of the cluster otherwise. The engine fills in the defaults of Pulumi.yaml, so a default says
 * nothing.
 */
function differs(key: string, value: unknown, material: PoolMaterial | undefined): boolean {
  const field = configSchema.shape[key as keyof typeof configSchema.shape];
  const parsed = field.safeParse(value);
  const accepted = [
    field.safeParse(undefined).data,
    (material?.settings as Record<string, unknown> | undefined)?.[key],
  ];
  return !parsed.success || !accepted.some((other) => isDeepStrictEqual(parsed.data, other));
}

/** The cluster's settings that a stack of something else has, and that are no defaults. */
export function settingsOtherThan(rawConfig: RawConfig, material: PoolMaterial | undefined): string[] {
  return Object.entries(rawConfig)
    .filter(([key, value]) => clusterKeys.includes(key) && value !== "" && differs(key, value, material))
    .map(([key]) => key);
}

function input(rule: string, hosts: string[], message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts, message, remedy };
}

/**
 * Reads and checks what a pool's stack asks for.
 *
 * @param material undefined where the cluster's stack is not at hand: the configuration then has stand-ins for what it
 * takes from there, and is not judged in view of it.
 * @param roles of the project.
 */
export function checkPool(
  inventory: unknown,
  rawConfig: RawConfig,
  material?: PoolMaterial,
  roles: readonly RoleShape[] = [],
): { hosts: Host[]; config: ClusterConfig | undefined; findings: Finding[] } {
  // An empty one lets all hosts leave in good order, before the stack is destroyed.
  const { hosts, findings: inventoryFindings } = parseInventory(
    inventory,
    0,
    roles.map(({ name }) => name),
  );
  const foreign = settingsOtherThan(rawConfig, material);
  const own = Object.fromEntries(Object.entries(rawConfig).filter(([key]) => !clusterKeys.includes(key)));
  const shared =
    material === undefined
      ? { clusterName: "cluster", nodeSubnet: "192.0.2.0/24", externalEndpoint: "cluster.invalid" }
      : { ...material.settings, externalEndpoint: endpointText(material.endpoint) };
  const { config: parsed, findings: configFindings, unread } = parseConfig({ ...own, ...shared });
  const asked = askedRoles(hosts, roles);
  const config = parsed === undefined ? undefined : withRoles(parsed, asked.usable);
  const findings = [
    ...inventoryFindings,
    ...validateSharing(hosts),
    ...validateMachines(hosts),
    ...configFindings,
    ...asked.findings,
    ...foreign.map((key) =>
      input(
        "pool-setting",
        [],
        `plinth:${key} is the cluster's`,
        "remove it: a pool takes it from plinth:clusterStack",
      ),
    ),
    ...hosts
      .filter((host) => host.roles.some((role) => role !== "worker"))
      .map((host) =>
        input(
          "pool-role",
          [host.name],
          `a pool has workers only, and this host has the roles ${host.roles.join(", ")}`,
          "move the host to the cluster's stack, or give it the role worker alone",
        ),
      ),
  ];
  if (material === undefined || config === undefined) {
    findings.push(...validateAddresses(hosts, undefined));
  } else {
    const endpoints = [placeOfEndpoint(material.endpoint).host, ...material.virtualAddresses];
    findings.push(
      ...validateAddresses(hosts, config, endpoints),
      ...validateCluster(hosts, config),
      ...judgePool(hosts, config, material),
    );
  }
  if (config !== undefined && asked.findings.length === 0)
    findings.push(...roleFindings(hosts, config, { unread, usable: material !== undefined && findings.length === 0 }));
  return { hosts, config, findings };
}

/** What is wrong with a pool in view of its cluster. */
function judgePool(hosts: readonly Host[], config: ClusterConfig, material: PoolMaterial): Finding[] {
  const findings = hosts.flatMap((host): Finding[] => {
    const known = Object.entries(material.hosts).find(
      ([name, address]) => name === host.name || address === host.address,
    );
    if (known === undefined) return [];
    const message = `the cluster's stack has the host ${known.join(" at ")}, and this one is ${host.name} at ${host.address}`;
    return [input("pool-host", [host.name], message, "give it a name and an address of its own, or leave it there")];
  });
  const kubelet = new SemVer(config.kubernetesVersion);
  const cluster = new SemVer(material.kubernetesVersion);
  const tooOld = kubelet.major < cluster.major || cluster.minor - kubelet.minor > oldestMinor;
  if (tooOld || kubelet.compare(cluster) > 0) {
    findings.push({
      rule: "pool-version",
      kind: "guard",
      hosts: [],
      message: `plinth:kubernetesVersion ${config.kubernetesVersion} does not go with ${material.kubernetesVersion} of the cluster: a kubelet must not be newer than the API servers, nor more than ${oldestMinor} minor versions older`,
      remedy: "upgrade the cluster's stack first, its pools afterwards",
    });
  }
  return findings;
}

/** How many minor versions a kubelet may be behind the API servers (Kubernetes' version skew policy). */
const oldestMinor = 3;

/** Hosts that the cluster's own stack, or another pool of it, has claimed. */
export function guardPool(
  stack: string,
  hosts: readonly Host[],
  readings: ReadonlyMap<string, HostReading>,
  material: PoolMaterial,
): Finding[] {
  return hosts.flatMap((host): Finding[] => {
    const reading = readings.get(host.name);
    const claim = reading !== undefined && "facts" in reading ? reading.facts.claim : undefined;
    if (claim === undefined || claim.clusterId !== material.clusterId || claim.stack === stack) return [];
    return [
      {
        rule: "pool-claim",
        kind: "guard",
        hosts: [host.name],
        message: `the host belongs to the stack ${claim.stack} of the same cluster, as host ${claim.host}`,
        remedy: "take it out of that stack first",
      },
    ];
  });
}

/** Control-plane hosts of the cluster, when none of them can run the steps of the roster. */
export function guardRosterHosts(controlPlane: readonly Host[], readings: ReadonlyMap<string, HostReading>): Finding[] {
  const reasons = controlPlane.map(({ name }) => {
    const reading = readings.get(name);
    return reading !== undefined && "facts" in reading
      ? undefined
      : `${name}: ${reading?.message ?? "it was not read"}`;
  });
  if (reasons.includes(undefined)) return [];
  return [
    {
      rule: "pool-survivor",
      kind: "guard",
      hosts: [],
      message: `Nodes join and leave by a control-plane host of the cluster, and none can be reached (${reasons.join("; ")})`,
      remedy: "make one of them reachable with the pool's SSH user and key",
    },
  ];
}

/** What a cluster hands to its pools. */
export function poolMaterial(
  hosts: readonly Host[],
  config: ClusterConfig,
  endpoint: string,
  reach: (host: Host) => { port: number; user: string; hostKey: string },
): Omit<PoolMaterial, "clusterId" | "incarnation" | "fromSnapshot" | "authority"> {
  const { clusterName, nodeSubnet, podCidr, serviceCidr, clusterDomain, network, mtu, dnsUpstreams } = config;
  const deciding = new Set<string>(nodeNetworkArguments);
  const controllerManagerArgs = Object.fromEntries(
    Object.entries(config.controllerManagerArgs).filter(([name]) => deciding.has(name)),
  );
  const [first, ...others] = withRole(hosts, "control-plane").map((host) => ({
    name: host.name,
    address: host.address,
    ...(host.sshAddress === undefined ? {} : { sshAddress: host.sshAddress }),
    // The pool's own bastion leads where the cluster has none.
    ...(host.bastion === undefined && config.bastion.length === 0 ? {} : { bastion: host.bastion ?? config.bastion }),
    ...reach(host),
  }));
  if (first === undefined) throw new Error("a cluster needs a control-plane host");
  return {
    format: 2,
    endpoint,
    settings: {
      ...{ clusterName, nodeSubnet, podCidr, serviceCidr, clusterDomain, network, dnsUpstreams, controllerManagerArgs },
      ...(mtu === undefined ? {} : { mtu }),
    },
    kubernetesVersion: config.kubernetesVersion,
    controlPlane: [first, ...others],
    hosts: Object.fromEntries(hosts.map(({ name, address }) => [name, address])),
    virtualAddresses: [config.vip, config.serviceVip].filter((address) => address !== undefined),
  };
}

/** The cluster's control-plane hosts as hosts that can be reached, on which steps of the roster are run. */
export function controlPlaneOf(material: PoolMaterial): Host[] {
  return material.controlPlane.map((host) => hostSchema.parse({ ...host, roles: ["control-plane"] }));
}
