import type { ClusterConfig } from "../config.ts";
import type { HostFacts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isMachine, isNode, type Host } from "../inventory.ts";
import { modulesOf } from "../bundles/baseline.ts";
import { proxyMode } from "../kubeproxymode.ts";
import { atLeast } from "../versions.ts";
import { guard, input, type HostRule } from "./rule.ts";

/** Commands that Plinth itself needs before it can install anything. */
const commands = ["curl", "flock", "systemctl", "ss", "sha256sum"];

/** kube-proxy in nftables mode asks for these (https://kubernetes.io/docs/reference/networking/virtual-ips/). */
const nftables = { kernel: "5.13", nft: "1.0.1" };

/** Architecture and commands. */
export const machineFindings: HostRule = (host, facts) => {
  const findings: Finding[] = [];
  if (facts.arch !== host.arch) {
    const message = `the host is ${facts.arch}, the inventory says ${host.arch}`;
    findings.push(guard("architecture", [host.name], message, `set arch: "${facts.arch}" for it`));
  }
  const missing = commands.filter((command) => facts.commands[command] === undefined);
  if (missing.length > 0) {
    const remedy = "install the packages that provide them (curl, util-linux, systemd, iproute2, coreutils)";
    findings.push(guard("missing-command", [host.name], `the host has no ${missing.join(", ")}`, remedy));
  }
  return findings;
};

/**
 * Least versions of what the distribution brings: `ProtectProc=` of units came with systemd 247, `--fail-with-body` with curl
 * 7.76. HAProxy and keepalived are the oldest of the distributions in docs/hosts.md; checks with `error-status` came with HAProxy 2.2, the
 * settings of keep-alive with 2.3.
 */
const leastVersions = { systemd: "247", curl: "7.76.0", haproxy: "2.4", keepalived: "2.2" };

/** Tools that are older than what units and configuration need. Those that are not there come from the distribution; machines have no load balancer of ours. */
export const toolFindings: HostRule = (host, { systemd, versions: { curl, ...others } }) =>
  Object.entries({ ...(isMachine(host) ? {} : others), ...(curl === undefined ? {} : { curl }), systemd }).flatMap(
    ([tool, version]): Finding[] => {
      const least = Object.hasOwn(leastVersions, tool) ? leastVersions[tool as keyof typeof leastVersions] : undefined;
      if (least === undefined || atLeast(version, least) !== false) return [];
      const message = `its ${tool} is ${version}, and what Plinth brings needs ${least} or later`;
      return [guard("tool-version", [host.name], message, "upgrade the host to a later release of its distribution")];
    },
  );

/** What config `hostBaseline` demands. */
export const baselineFindings: HostRule = (host, facts, { hostBaseline }) => {
  const findings: Finding[] = [];
  const demand = (what: "kernel" | "systemd"): void => {
    const wanted = hostBaseline[what];
    if (wanted === undefined || atLeast(facts[what], wanted) === true) return;
    const message = `its ${what} is ${facts[what]}, plinth:hostBaseline demands ${wanted} or later`;
    findings.push(input("host-baseline", [host.name], message, "upgrade the host, or lower the demand"));
  };
  demand("kernel");
  demand("systemd");
  const allowed = hostBaseline.os;
  const [id = ""] = facts.os.split(" ");
  if (allowed !== undefined && !allowed.includes(facts.os) && !allowed.includes(id)) {
    const message = `its distribution is ${facts.os}, plinth:hostBaseline allows ${allowed.join(", ")}`;
    findings.push(input("host-baseline", [host.name], message, "install another one, or add it to the list"));
  }
  return findings;
};

/** What containers and the network of a Node need of the kernel. */
export const kernelFindings: HostRule = (host, facts, config) => {
  if (!isNode(host)) return [];
  return [
    ...featureFindings(host, facts, config),
    ...cgroupFindings(host, facts, config),
    ...nftablesFindings(host, facts, config),
  ];
};

function featureFindings(host: Host, facts: HostFacts, config: ClusterConfig): Finding[] {
  const missing = modulesOf(host, config).filter((name) => facts.features[name] === "missing");
  if (missing.length === 0) return [];
  const message = `the kernel ${facts.kernel} has no ${missing.join(", ")}, neither built in nor as a module`;
  return [
    guard(
      "kernel-feature",
      [host.name],
      message,
      "install the kernel's modules (linux-modules-extra), or another kernel",
    ),
  ];
}

const controllers: Record<string, readonly string[]> = {
  v1: ["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"],
  v2: ["cpu", "cpuset", "memory", "pids"],
};

function cgroupFindings(host: Host, facts: HostFacts, config: ClusterConfig): Finding[] {
  const findings: Finding[] = [];
  if (facts.cgroup === "v1" && config.kubeletConfig["failCgroupV1"] !== false) {
    findings.push(
      guard(
        "cgroup-v1",
        [host.name],
        "the host has cgroup version 1, with which the kubelet does not start",
        "boot it with systemd.unified_cgroup_hierarchy=1, or set failCgroupV1: false in plinth:kubeletConfig",
      ),
    );
  }
  const missing = (controllers[facts.cgroup] ?? []).filter((name) => !facts.cgroupControllers.includes(name));
  if (missing.length > 0) {
    findings.push(
      guard(
        "cgroup-controllers",
        [host.name],
        `the cgroup controllers ${missing.join(", ")} are off, which the kubelet needs`,
        "turn them on at boot (cgroup_enable=memory, no cgroup_disable=…)",
      ),
    );
  }
  return findings;
}

function nftablesFindings(host: Host, facts: HostFacts, config: ClusterConfig): Finding[] {
  if (proxyMode(config) !== "nftables") return [];
  const findings: Finding[] = [];
  const nft = facts.versions["nft"];
  const demand = (what: string, actual: string, wanted: string): void => {
    if (atLeast(actual, wanted) !== false) return;
    const message = `its ${what} is ${actual}, kube-proxy needs ${wanted} or later for nftables`;
    findings.push(
      guard(
        "nftables-version",
        [host.name],
        message,
        `upgrade the host, or set mode: iptables in plinth:kubeProxyConfig`,
      ),
    );
  };
  demand("kernel", facts.kernel, nftables.kernel);
  // Where there is none the distribution's is installed.
  if (nft !== undefined) demand("nft", nft, nftables.nft);
  return findings;
}
