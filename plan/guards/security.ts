import { isMachine, isNode, type Host } from "../inventory.ts";
import { paths } from "../names.ts";
import { directoriesOf } from "../settings/directories.ts";
import { hasContainerPolicy } from "../surroundings.ts";
import { guard, type HostRule } from "./rule.ts";

/** Where hosts have programs of ours; machines besides the cluster have the host script alone. */
const runsPrograms = (host: Host, path: string): boolean =>
  path === paths.scripts || (path === paths.software && !isMachine(host));

/** What keeps programs and packets of a host from doing what Kubernetes needs. */
export const securityFindings: HostRule = (host, { family, selinux, noexec }, { directories }) => [
  ...(!isMachine(host) && selinux === "enforcing" && !hasContainerPolicy(family)
    ? [
        guard(
          "selinux",
          [host.name],
          "SELinux enforces a policy, and this distribution has no package container-selinux with what containers need of it",
          "set SELINUX=permissive in /etc/selinux/config and run setenforce 0, or set this aside once a policy of your own allows it",
        ),
      ]
    : []),
  ...Object.entries(noexec)
    .filter(
      ([path]) => runsPrograms(host, path) || (isNode(host) && path === directoriesOf({ directories }).containerd),
    )
    .map(([path, mount]) =>
      guard(
        "noexec",
        [host.name],
        `${path} lies on ${mount}, which is mounted noexec: nothing there can be run`,
        `mount ${mount} without noexec, or give ${path} a file system of its own`,
      ),
    ),
];
