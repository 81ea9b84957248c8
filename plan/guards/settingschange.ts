import { SemVer } from "semver";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import { guard } from "./rule.ts";
import type { PreviousRun } from "../previousrun.ts";

/** What an earlier run has left in the stack's outputs about the cluster as a whole. */
export type PreviousSettings = Pick<PreviousRun, "clusterName" | "network" | "versions">;

/** Settings that a cluster keeps for life, and steps of versions that it cannot take. */
export function guardSettingsChange(config: ClusterConfig, previous: PreviousSettings | undefined): Finding[] {
  if (previous === undefined) return [];
  return [...immutableFindings(config, previous), ...versionFindings(config, previous)];
}

function immutableFindings(config: ClusterConfig, { clusterName, network }: PreviousSettings): Finding[] {
  const before: Partial<Record<"clusterName" | "podCidr" | "serviceCidr" | "clusterDomain", string | undefined>> = {
    clusterName,
    podCidr: network?.podCidr,
    serviceCidr: network?.serviceCidr,
    clusterDomain: network?.clusterDomain,
  };
  return (Object.keys(before) as (keyof typeof before)[]).flatMap((key): Finding[] => {
    const was = before[key];
    if (was === undefined || was === config[key]) return [];
    const message = `plinth:${key} is ${config[key]}, the cluster was made with ${was}, which cannot be changed in place`;
    return [guard("immutable", [], message, `set it back to ${was}, or make a new cluster`)];
  });
}

function versionFindings(config: ClusterConfig, { versions }: PreviousSettings): Finding[] {
  return [
    ...stepFindings("kubernetesVersion", versions?.kubernetes, config.kubernetesVersion),
    ...stepFindings("etcdVersion", versions?.etcd, config.etcdVersion),
  ];
}

/** One minor version up at a time, and never a minor version down. */
function stepFindings(key: "kubernetesVersion" | "etcdVersion", was: string | undefined, wanted: string): Finding[] {
  if (was === undefined) return [];
  const before = new SemVer(was);
  const after = new SemVer(wanted);
  if (after.major === before.major && after.minor > before.minor + 1) {
    return [
      guard(
        "version-skip",
        [],
        `plinth:${key} goes from ${was} to ${wanted}, minor versions cannot be skipped`,
        `go to the latest ${after.major}.${before.minor + 1} first`,
      ),
    ];
  }
  if (after.major < before.major || (after.major === before.major && after.minor < before.minor)) {
    return [
      guard(
        "version-down",
        [],
        `plinth:${key} goes from ${was} down to ${wanted}, which its data may not survive`,
        `set it back to ${was}`,
      ),
    ];
  }
  return [];
}
