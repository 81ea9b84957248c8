import { stringify } from "yaml";
import { binaryPath, type BundleBinary, type BundleDirectory, type BundleFile, type BundleSecret } from "../bundle.ts";
import type { Check } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { endpointOf } from "../endpoint.ts";
import type { Host } from "../inventory.ts";
import { merge } from "../merge.ts";
import { ports } from "../ports.ts";
import { leafFiles } from "./certificates.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { nodeAuthorityFile } from "./kubelet.ts";
import { renderArguments, unitPath } from "./systemd.ts";

export const kubeProxyUnit = "kube-proxy.service";
const configFile = "/etc/kubernetes/kube-proxy.yaml";
const kubeconfigFile = "/etc/kubernetes/kube-proxy.conf";
const pki = "/etc/kubernetes/pki/kube-proxy";
const restart = [kubeProxyUnit];

export const kubeProxyDirectories: BundleDirectory[] = [{ path: pki, mode: "0755", owner: "root:root" }];

/** KubeProxyConfiguration; `plinth:kubeProxyConfig` is merged over it. */
export function kubeProxyConfiguration(host: Host, config: ClusterConfig): Record<string, unknown> {
  return merge(
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      clientConnection: { kubeconfig: kubeconfigFile },
      clusterCIDR: config.podCidr,
      detectLocalMode: "ClusterCIDR",
      // Load balancers ask it whether this Node takes traffic.
      healthzBindAddress: `${host.address}:${ports.kubeProxyHealth}`,
      hostnameOverride: host.name,
      metricsBindAddress: `127.0.0.1:${ports.kubeProxyMetrics}`,
      mode: "nftables",
      // NodePorts answer on the host's own address.
      nodePortAddresses: [`${host.address}/32`],
    },
    config.kubeProxyConfig,
  );
}

const service = (config: ClusterConfig) => `[Unit]
Description=Kubernetes kube-proxy
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=${[binaryPath("kube-proxy"), ...renderArguments({ config: configFile })].join(" \\\n  ")}
Restart=always
RestartSec=2
LimitNOFILE=${config.openFilesLimit}
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
ProtectHome=yes
PrivateTmp=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;

export function kubeProxyFiles(host: Host, hosts: readonly Host[], config: ClusterConfig): BundleFile[] {
  const owner = "root:root";
  return [
    {
      path: configFile,
      mode: "0600",
      owner,
      restart,
      content: stringify(kubeProxyConfiguration(host, config), { sortMapEntries: true }),
    },
    {
      path: kubeconfigFile,
      mode: "0600",
      owner,
      restart,
      content: renderKubeconfig({
        cluster: config.clusterName,
        user: "system:kube-proxy",
        server: endpointOf(hosts, config),
        authority: { file: nodeAuthorityFile },
        certificate: { file: `${pki}/client.crt` },
        key: { file: `${pki}/client.key` },
      }),
    },
    { path: unitPath(kubeProxyUnit), mode: "0600", owner, restart, content: service(config) },
  ];
}

export function kubeProxySecrets(): BundleSecret[] {
  return leafFiles({ leaf: "kube-proxy", path: `${pki}/client`, owner: "root:root", restart });
}

export function kubeProxyBinary(config: ClusterConfig): BundleBinary {
  return { name: "kube-proxy", version: config.kubernetesVersion, restart };
}

export function kubeProxyChecks(): Check[] {
  // Its health is red until the Node exists, which comes later.
  return [{ name: "unit-active", deadline: 60, unit: kubeProxyUnit, args: { unit: kubeProxyUnit } }];
}
