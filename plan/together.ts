import semver from "semver";
import { makesCniConfig } from "./bundles/cni.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";

/** Kubernetes minor versions whose flags and files this release writes; tested ones are in docs/artifacts.md. */
export const kubernetesMinors = { oldest: 35, newest: 36 };

/** Whether a version of Kubernetes is of a minor version, or of a later one. */
export function isSinceMinor(version: string, minor: number): boolean {
  return semver.gte(version, `1.${minor}.0`);
}

type VersionKey = "containerdVersion" | "cniVersion" | "flannelVersion" | "etcdVersion";

/** What is written for a program → the first version that understands it. */
interface Least {
  key: VersionKey;
  least: string;
  /** What an older one does not know. */
  needs: string;
  appliesTo?: (config: ClusterConfig) => boolean;
}

const least: readonly Least[] = [
  {
    key: "containerdVersion",
    // internal/cri/config/config.go of 2.0.5 has neither, that of 2.1.0 has both. Older ones ignore them, or version 3 altogether.
    least: "2.1.0",
    needs: "its configuration has version 3, with bin_dirs and use_local_image_pull",
  },
  {
    key: "cniVersion",
    // plugins/meta/portmap/main.go of 1.5.1 has none, that of 1.6.0 has it.
    least: "1.6.0",
    needs: "host ports are made by portmap's backend nftables",
    appliesTo: makesCniConfig,
  },
  {
    key: "flannelVersion",
    // pkg/subnet/config.go: the oldest that was looked at.
    least: "0.25.7",
    needs: "it is to use nftables (EnableNFTables)",
    appliesTo: makesCniConfig,
  },
];

function finding(rule: string, message: string, remedy: string): Finding {
  return { rule, kind: "input", hosts: [], message, remedy };
}

/** Versions that Plinth's files and flags are not for, or that do not go together. */
export function validateVersions(config: ClusterConfig): Finding[] {
  const { oldest, newest } = kubernetesMinors;
  const kubernetes = semver.satisfies(config.kubernetesVersion, `1.${oldest} - 1.${newest}`)
    ? []
    : [
        finding(
          "kubernetes-version",
          `plinth:kubernetesVersion ${config.kubernetesVersion} is not supported`,
          `use a version from 1.${oldest} to 1.${newest}`,
        ),
      ];
  const etcd = semver.satisfies(config.etcdVersion, "3.6")
    ? []
    : [
        finding(
          "etcd-version",
          `plinth:etcdVersion ${config.etcdVersion} is not supported`,
          "use the latest 3.6 release",
        ),
      ];
  const tooOld = least
    .filter(({ key, least: first, appliesTo }) => (appliesTo?.(config) ?? true) && semver.lt(config[key], first))
    .map(({ key, least: first, needs }) =>
      finding(
        "versions-together",
        `plinth:${key} ${config[key]} does not go with what Plinth writes for it: ${needs}`,
        `use ${first} or later`,
      ),
    );
  return [...kubernetes, ...etcd, ...tooOld];
}
