import type { ClusterConfig } from "../config.ts";
import type { HostFacts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { isNode, type Host } from "../inventory.ts";
import { defaultDirectories, directoriesOf } from "../settings/directories.ts";
import { guard, mebibytes, type HostRule } from "./rule.ts";

/** The least memory of a host, KiB. */
function memoryOf(host: Host): number {
  // An API server and an etcd member; kubeadm asks for 1700 MB.
  if (host.roles.includes("control-plane") || host.roles.includes("etcd")) return 1_700_000;
  // kubelet, containerd, kube-proxy and flannel take half of it.
  if (isNode(host)) return 1_000_000;
  return 500_000;
}

/** The least free space by directory, KiB. What a service of ours has filled itself is no longer judged. */
function spaceOf(host: Host, facts: HostFacts, config: ClusterConfig): Record<string, number> {
  const { etcd, containerd } = directoriesOf(config);
  const keepsData = host.roles.includes("etcd") && facts.bundles["etcd"] === undefined;
  return {
    // Binaries; etcd with its 8 GiB quota comes on top as it grows.
    "/opt": 2_000_000,
    "/var/lib": 2_000_000,
    // Images; beyond it the kubelet keeps an eye on the space by itself.
    ...(isNode(host) && facts.bundles["runtime"] === undefined ? { [containerd]: 5_000_000 } : {}),
    ...(keepsData && etcd !== defaultDirectories.etcd ? { [etcd]: 2_000_000 } : {}),
  };
}

/** Images have many small files; a file system that was made for few large ones has too few inodes. */
const inodes = 50_000;

/** Memory and disk space. */
export const capacityFindings: HostRule = (host, facts, config) => {
  const findings: Finding[] = [];
  const memory = memoryOf(host);
  if (facts.memoryKiB < memory) {
    const message = `the host has ${mebibytes(facts.memoryKiB)} of memory, ${mebibytes(memory)} are needed`;
    findings.push(guard("memory", [host.name], message, "add memory or choose another host"));
  }
  for (const [directory, needed] of Object.entries(spaceOf(host, facts, config))) {
    const free = facts.diskFreeKiB[directory] ?? needed;
    const left = facts.inodesFree[directory] ?? inodes;
    if (free < needed) {
      const message = `${directory} has ${mebibytes(free)} free, ${mebibytes(needed)} are needed`;
      findings.push(guard("disk-space", [host.name], message, "make room there"));
    } else if (left < inodes) {
      const message = `${directory} has room for ${left} more files, ${inodes} are needed`;
      findings.push(
        guard("disk-space", [host.name], message, "delete files there, or make the file system anew with more inodes"),
      );
    }
  }
  return findings;
};
