import type { BundlePackage } from "./bundle.ts";
import type { ContextRule } from "./conditions.ts";
import type { ClusterConfig } from "./config.ts";
import { isNode, type Host } from "./inventory.ts";
import { paths } from "./names.ts";
import { rosterScriptDirectory } from "./scripts.ts";
import { defaultDirectories, directoriesOf } from "./settings/directories.ts";

/** What SELinux makes of its policy on a host; hosts without it have neither. */
export type SelinuxMode = "enforcing" | "permissive";

/** Files that programs of containers are made of: what starts containers has to be of container-selinux' type. */
const runtimePrograms = ["containerd", "containerd-shim-runc-v2", "ctr", "runc"];
/** The others that hosts fetch. */
const otherPrograms = [
  ...["etcd", "etcdctl", "etcdutl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"],
  ...["kubelet", "kube-proxy", "flanneld", "bridge", "host-local", "loopback", "portmap"],
];

/**
 * What keepalived runs when it loses an address. Its domain may not end connections of others (it has no rights for
 * netlink_tcpdiag_socket); what has this type runs outside of it.
 */
export const endConnectionsScript = `${paths.scripts}/keepalived/end-connections`;

function programs(type: string, names: readonly string[]): ContextRule {
  return { type, pattern: `${paths.software}/(${names.join("|")})/[^/]+/[^/]+` };
}

/**
 * What the policy is to take the files of a host for. Services of ours then run in the domains `unconfined_service_t` and
 * `container_runtime_t`, as those of packages of Kubernetes do; container-selinux knows the usual directories.
 */
export function contextRules(host: Host, config: ClusterConfig): readonly [ContextRule, ...ContextRule[]] {
  const moved = directoriesOf(config);
  return [
    // No path fits two of them, so that their order does not matter.
    programs("bin_t", otherPrograms),
    { type: "bin_t", pattern: `${paths.scripts}/[^/]+` },
    { type: "bin_t", pattern: `${rosterScriptDirectory}/[^/]+` },
    { type: "keepalived_unconfined_script_exec_t", pattern: endConnectionsScript },
    ...(isNode(host)
      ? [
          programs("container_runtime_exec_t", runtimePrograms),
          ...(["containerd", "kubelet"] as const)
            .filter((name) => moved[name] !== defaultDirectories[name])
            .map((name): ContextRule => ({ like: defaultDirectories[name], path: moved[name] })),
        ]
      : []),
  ];
}

/** What a host needs to be told that, and on Nodes the policy for containers. */
export function selinuxPackages(host: Host): BundlePackage[] {
  return [
    { name: "policycoreutils-python-utils", command: "semanage" },
    ...(isNode(host) ? [{ name: "container-selinux", command: "/usr/share/containers/selinux/contexts" }] : []),
  ];
}

/** What HAProxy needs to bind and reach ports of the cluster, and keepalived to ask HAProxy. */
export const balancerBooleans = ["haproxy_connect_any", "keepalived_connect_any"] as const;
