import { binaryPath, type BundleBinary, type BundleDirectory, type BundleFile, type BundleSecret } from "../bundle.ts";
import type { Check } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { endpointOf } from "../endpoint.ts";
import type { Host } from "../inventory.ts";
import { leafFiles } from "./certificates.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { nodeAuthorityFile } from "./kubelet.ts";
import { renderArguments, unitPath } from "./systemd.ts";

export const flannelUnit = "flanneld.service";
const configFile = "/etc/kubernetes/flannel.json";
const kubeconfigFile = "/etc/kubernetes/flannel.conf";
const pki = "/etc/kubernetes/pki/flannel";
const restart = [flannelUnit];

export const flannelDirectories: BundleDirectory[] = [{ path: pki, mode: "0755", owner: "root:root" }];

/** Plain routes between hosts of one subnet, VXLAN between subnets; masquerading by nftables, as kube-proxy does. */
function renderNetwork(config: ClusterConfig): string {
  const network = {
    Network: config.podCidr,
    EnableIPv4: true,
    EnableNFTables: true,
    Backend: { Type: "vxlan", DirectRouting: true },
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

function service(host: Host, config: ClusterConfig): string {
  const args = {
    iface: host.address,
    "ip-masq": "true",
    "kube-subnet-mgr": "true",
    "kubeconfig-file": kubeconfigFile,
    "net-config-path": configFile,
  };
  return `[Unit]
Description=flannel: routes between the pods of all hosts
Documentation=https://github.com/flannel-io/flannel
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
# It ends, and is started again, until the Node exists and has a pod network.
Type=exec
Environment=NODE_NAME=${host.name}
ExecStart=${[binaryPath("flanneld"), ...renderArguments(args)].join(" \\\n  ")}
Restart=always
RestartSec=2
LimitNOFILE=${config.openFilesLimit}
RuntimeDirectory=flannel
RuntimeDirectoryPreserve=yes
NoNewPrivileges=yes
ProtectHome=yes
PrivateTmp=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

export function flannelFiles(host: Host, hosts: readonly Host[], config: ClusterConfig): BundleFile[] {
  const owner = "root:root";
  return [
    { path: configFile, mode: "0644", owner, restart, content: renderNetwork(config) },
    {
      path: kubeconfigFile,
      mode: "0600",
      owner,
      restart,
      content: renderKubeconfig({
        cluster: config.clusterName,
        user: "plinth:flannel",
        server: endpointOf(hosts, config),
        authority: { file: nodeAuthorityFile },
        certificate: { file: `${pki}/client.crt` },
        key: { file: `${pki}/client.key` },
      }),
    },
    { path: unitPath(flannelUnit), mode: "0600", owner, restart, content: service(host, config) },
  ];
}

export function flannelSecrets(): BundleSecret[] {
  return leafFiles({ leaf: "flannel", path: `${pki}/client`, owner: "root:root", restart });
}

export function flannelBinary(config: ClusterConfig): BundleBinary {
  return { name: "flanneld", version: config.flannelVersion, restart };
}

export function flannelChecks(): Check[] {
  // Before the first lease there is no Node; afterwards it must stay up.
  return [
    {
      name: "if-file",
      deadline: 60,
      unit: flannelUnit,
      args: { path: "/run/flannel/subnet.env", check: { name: "unit-active", args: { unit: flannelUnit } } },
    },
  ];
}
