import { validateDns } from "./addons/dns.ts";
import { validateMonitoring } from "./monitoring/validate.ts";
import { apiserverReliance } from "./bundles/apiserver.ts";
import { validateApiserver } from "./bundles/apiserversettings.ts";
import { controllerReliances } from "./bundles/controllers.ts";
import { etcdReliance } from "./bundles/etcd.ts";
import { kubeletReliance } from "./bundles/kubelet.ts";
import { kubeProxyReliance } from "./bundles/kubeproxy.ts";
import { relianceFindings } from "./bundles/reliance.ts";
import { validateServicePorts } from "./serviceportrules.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { isMachine, withRole, type Host } from "./inventory.ts";
import { validateNetworkSizes } from "./networksizes.ts";
import { validateRegistries } from "./registrysettings.ts";
import { settingsFindings } from "./settings/layers.ts";
import { validateRuntimeClasses } from "./settings/runtimeclasses.ts";
import { validateSettings } from "./settings/validate.ts";
import { validateTenants } from "./tenants.ts";
import { validateVersions } from "./together.ts";

function finding(rule: string, hosts: string[], message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts, message, remedy };
}

/** Groups of hosts that share a value, for values that occur more than once. */
function shared(hosts: readonly Host[], value: (host: Host) => string): [string, Host[]][] {
  const groups = Map.groupBy(hosts, value);
  return [...groups].filter(([, group]) => group.length > 1);
}

/** Hosts that share what each must have of its own. */
export function validateSharing(hosts: readonly Host[]): Finding[] {
  const findings: Finding[] = [];
  for (const [name, group] of shared(hosts, (host) => host.name)) {
    findings.push(
      finding(
        "duplicate-name",
        group.map((host) => host.name).slice(0, 1),
        `the name ${name} stands ${group.length} times in the inventory (${group.map((host) => host.address).join(", ")})`,
        "give every host a name of its own",
      ),
    );
  }
  // Behind another bastion it is another network.
  for (const [way, group] of shared(hosts, ({ sshAddress, address, port, bastion }) =>
    JSON.stringify([`${sshAddress ?? address} port ${port ?? "of plinth:sshPort"}`, bastion]),
  )) {
    // The same address twice has been said.
    if (group.every((host) => host.sshAddress === undefined)) continue;
    const [place] = JSON.parse(way) as [string];
    findings.push(
      finding(
        "duplicate-ssh-address",
        group.map((host) => host.name),
        `they are all reached by SSH at ${place}, which is one machine`,
        "give each its own sshAddress, or its own port where one address stands for several hosts",
      ),
    );
  }
  for (const [, group] of shared(
    hosts.filter((host) => host.hostKey !== undefined),
    (host) => host.hostKey ?? "",
  )) {
    findings.push(
      finding(
        "duplicate-host-key",
        group.map((host) => host.name),
        "the same SSH host key is pinned for several hosts, so they are one machine or copies of one disk",
        "make new host keys on the copies (ssh-keygen -A) and pin those",
      ),
    );
  }
  return findings;
}

/** What machines besides a cluster have that only hosts of one can have. */
export function validateMachines(hosts: readonly Host[]): Finding[] {
  return hosts
    .filter((host) => isMachine(host) && host.settings !== undefined)
    .map(({ name, settings }) =>
      finding(
        "machine-setting",
        [name],
        `it has settings (${Object.keys(settings ?? {}).join(", ")}), which are for hosts of a cluster, and no role of one`,
        "remove them: what a machine is to have is for a role of the project",
      ),
    );
}

/** What is wrong with the inventory of a cluster as a whole, whatever the configuration. */
export function validateInventory(hosts: readonly Host[]): Finding[] {
  const findings = [...validateSharing(hosts), ...validateMachines(hosts)];
  const members = withRole(hosts, "etcd");
  if (members.length === 0) {
    findings.push(finding("etcd-count", [], "no host has the role etcd", "give 1, 3 or 5 hosts the role etcd"));
  } else if (members.length % 2 === 0) {
    findings.push(
      finding(
        "etcd-count",
        members.map((host) => host.name),
        `${members.length} hosts have the role etcd: an even number tolerates no more failures than ${members.length - 1} and loses quorum more easily`,
        "use 1, 3 or 5 etcd members",
      ),
    );
  } else if (members.length > 7) {
    findings.push(
      finding(
        "etcd-count",
        members.map((host) => host.name),
        `${members.length} hosts have the role etcd: every write waits for more than half of them`,
        "use 3 or 5 etcd members",
      ),
    );
  }
  if (withRole(hosts, "control-plane").length === 0) {
    findings.push(
      finding(
        "control-plane-count",
        [],
        "no host has the role control-plane",
        "give at least one host that role, three for high availability",
      ),
    );
  }
  return findings;
}

const reliances = [apiserverReliance, ...controllerReliances, etcdReliance, kubeletReliance, kubeProxyReliance];

/** What is wrong with the configuration in view of the inventory. */
export function validateCluster(hosts: readonly Host[], config: ClusterConfig): Finding[] {
  return [
    ...validateNetworkSizes(hosts, config),
    ...validateEndpoint(hosts, config),
    ...validateServicePorts(config),
    ...validateDns(config),
    ...validateMonitoring(hosts, config),
    ...validateVersions(config),
    ...validateApiserver(config),
    ...relianceFindings(reliances, hosts, config),
    ...validateRegistries(config.registries, config.registryCredentials),
    ...settingsFindings(hosts, config, validateSettings),
    ...validateRuntimeClasses(hosts, config),
    ...validateTenants(config.tenants),
  ];
}

function validateEndpoint(hosts: readonly Host[], config: ClusterConfig): Finding[] {
  const findings: Finding[] = [];
  const balancers = withRole(hosts, "load-balancer");
  if (config.vip === undefined) {
    if (config.vipName !== undefined) {
      findings.push(
        finding(
          "endpoint",
          [],
          `plinth:vipName is ${config.vipName}, but there is no plinth:vip`,
          "set plinth:vip as well, or name your own load balancer in plinth:externalEndpoint",
        ),
      );
    }
    if (config.externalEndpoint === undefined && withRole(hosts, "control-plane").length > 1) {
      findings.push(
        finding(
          "endpoint",
          [],
          "neither plinth:vip nor plinth:externalEndpoint is set, but the cluster has several control-plane hosts",
          "set plinth:vip to a free address of the subnet, or plinth:externalEndpoint to your own load balancer",
        ),
      );
    }
    return findings;
  }
  const vip = config.vip;
  if (config.externalEndpoint !== undefined) {
    findings.push(
      finding(
        "endpoint",
        [],
        "plinth:vip and plinth:externalEndpoint are both set",
        "keep the one through which clients reach the API server",
      ),
    );
  }
  if (balancers.length === 0) {
    findings.push(
      finding(
        "load-balancer-count",
        [],
        `plinth:vip is ${vip} but no host has the role load-balancer`,
        "give the control-plane hosts that role",
      ),
    );
  }
  return findings;
}
