import type { Finding } from "../findings.ts";
import { cniConfigDirectory } from "../bundles/cni.ts";
import { defaultDirectories, directoriesOf, type DirectoryName } from "../settings/directories.ts";
import { guard, type HostRule } from "./rule.ts";

/** Which bundle has which data, and what else is in its manifest that a release empties. */
const kept: Readonly<Record<DirectoryName, { bundle: string; besides: readonly string[]; what: string }>> = {
  etcd: { bundle: "etcd", besides: ["/etc/etcd"], what: "the data of its etcd is" },
  containerd: {
    bundle: "runtime",
    besides: [cniConfigDirectory, "/var/lib/cni"],
    what: "the images of its containerd are",
  },
  kubelet: { bundle: "node", besides: [defaultDirectories.kubelet], what: "the volumes of its kubelet are" },
};

/**
 * Directories of a host in service that would be others, and disks that are not mounted. Nothing is moved behind anybody's back: a
 * service that began in an empty directory would have lost all of its data.
 */
export const directoryFindings: HostRule = (host, facts, config) => {
  const wanted = directoriesOf(config);
  const moved = (Object.keys(kept) as DirectoryName[]).flatMap((name): Finding[] => {
    const { bundle, besides, what } = kept[name];
    const owned = facts.dataDirectories[bundle];
    if (owned === undefined || owned.length === 0) return [];
    const before = owned.find((path) => !besides.includes(path)) ?? defaultDirectories[name];
    if (before === wanted[name]) return [];
    return [
      guard(
        "directory-change",
        [host.name],
        `${what} in ${before}, directories.${name} says ${wanted[name]}, and nothing is moved on a host in service`,
        `set it back to ${before}, or take the host out of the cluster, and add it again with an empty disk`,
      ),
    ];
  });
  const unmounted = Object.entries(facts.unmounted).map(([path, mount]) =>
    guard(
      "not-mounted",
      [host.name],
      `${path} is to lie on ${mount}, which /etc/fstab lists and nobody has mounted`,
      `mount ${mount}, or take it out of /etc/fstab`,
    ),
  );
  return [...moved, ...unmounted];
};
