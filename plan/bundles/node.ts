import type { Bundle } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import {
  flannelBinary,
  flannelChecks,
  flannelDirectories,
  flannelFiles,
  flannelSecrets,
  flannelUnit,
} from "./flannel.ts";
import {
  kubeletBinary,
  kubeletChecks,
  kubeletDirectories,
  kubeletFiles,
  kubeletSecrets,
  kubeletUnit,
} from "./kubelet.ts";
import {
  kubeProxyBinary,
  kubeProxyChecks,
  kubeProxyDirectories,
  kubeProxyFiles,
  kubeProxySecrets,
  kubeProxyUnit,
} from "./kubeproxy.ts";

/** What makes a host a Node: kubelet, kube-proxy and, unless the pod network is somebody else's, flannel. */
export function nodeBundle(host: Host, hosts: readonly Host[], config: ClusterConfig): Bundle {
  const flannel = config.network === "flannel";
  return {
    name: "node",
    users: [],
    packages: [],
    directories: [
      { path: "/etc/kubernetes", mode: "0755", owner: "root:root" },
      { path: "/etc/kubernetes/pki", mode: "0755", owner: "root:root" },
      ...kubeletDirectories,
      ...kubeProxyDirectories,
      ...(flannel ? flannelDirectories : []),
    ],
    binaries: [kubeletBinary(config), kubeProxyBinary(config), ...(flannel ? [flannelBinary(config)] : [])],
    files: [
      ...kubeletFiles(host, hosts, config),
      ...kubeProxyFiles(host, hosts, config),
      ...(flannel ? flannelFiles(host, hosts, config) : []),
    ],
    secrets: [...kubeletSecrets(), ...kubeProxySecrets(), ...(flannel ? flannelSecrets() : [])],
    units: [...(flannel ? [flannelUnit] : []), kubeProxyUnit, kubeletUnit],
    checks: [...(flannel ? flannelChecks() : []), ...kubeProxyChecks(), ...kubeletChecks()],
  };
}
