import { bundles } from "../bringup.ts";
import { directoriesOfPart } from "../bundles/part.ts";
import type { ClusterConfig } from "../config.ts";
import type { HostFacts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Host } from "../inventory.ts";
import { defaultDirectories, directoriesOf } from "../settings/directories.ts";
import { guard, type HostRule } from "./rule.ts";

/** Who the hosts are to belong to. */
export interface Identity {
  /** Undefined before the first `up`: then every claim on a host is foreign. */
  clusterId: string | undefined;
  /** Names of the cluster and its stack: a claim by the same ones under another id tells of a state that was lost. */
  named?: { cluster: string; stack: string };
}

/** A claim by another cluster, or by this one under another name. */
export function claimFindings(host: Host, facts: HostFacts, identity: Identity): Finding[] {
  const claim = facts.claim;
  if (claim === undefined) return [];
  const whose = `cluster ${claim.cluster} (id ${claim.clusterId}, stack ${claim.stack}) as host ${claim.host}`;
  if (claim.clusterId !== identity.clusterId) {
    const isOwn = claim.cluster === identity.named?.cluster && claim.stack === identity.named.stack;
    const free =
      "take it out of that cluster first (./plinth destroy there, or plinth-host release --force on the host when that cluster is gone)";
    const remedy = isOwn
      ? `where that is this very stack, its state is lost, and ./plinth restore state brings it back; otherwise ${free}`
      : free;
    return [guard("foreign-host", [host.name], `the host belongs to ${whose}`, remedy)];
  }
  if (claim.host !== host.name && Object.keys(facts.bundles).length > 0) {
    const message = `the host already serves ${whose}; a host in service cannot be renamed`;
    return [
      guard("renamed-host", [host.name], message, "keep its name, or take it out of the cluster and add it again"),
    ];
  }
  return [];
}

/** Whether a bundle of ours that is on the host fills a directory. */
function isOurs(directory: string, facts: HostFacts, config: ClusterConfig): boolean {
  return bundles.some(({ name, parts }) => {
    if (facts.bundles[name] === undefined) return false;
    const planned = parts.flatMap((part) => directoriesOfPart(part, config)).map(({ path }) => path);
    return [...planned, ...(facts.dataDirectories[name] ?? [])].some((path) => `${path}/`.startsWith(`${directory}/`));
  });
}

/**
 * What another cluster, or another container runtime, has left on the host. Data of etcd has a rule of its own, because
 * a member that starts with it joins that cluster or does not start at all: there is no safe way around.
 */
export const remnantFindings: HostRule = (host, facts, config) => {
  const foreign = facts.populated.filter((directory) => !isOurs(directory, facts, config));
  const data: readonly string[] = [defaultDirectories.etcd, directoriesOf(config).etcd];
  const others = foreign.filter((directory) => !data.includes(directory));
  const findings: Finding[] = [];
  for (const directory of foreign.filter((path) => data.includes(path))) {
    findings.push(
      guard(
        "foreign-etcd-data",
        [host.name],
        `${directory} holds data of an etcd that is not ours`,
        "move it away once you are sure that nobody needs it; Plinth never deletes it",
      ),
    );
  }
  if (others.length > 0) {
    findings.push(
      guard(
        "foreign-remnants",
        [host.name],
        `${others.join(", ")} ${others.length === 1 ? "is" : "are"} not empty and not ours: another Kubernetes or container runtime is or was here`,
        "reset and uninstall it (kubeadm reset, k3s-uninstall.sh, apt-get purge containerd) and move what is left away",
      ),
    );
  }
  return findings;
};
