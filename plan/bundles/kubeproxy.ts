import { contains, parseNetwork } from "../addresses.ts";
import { binaryPath, type BundleFile } from "../bundle.ts";
import type { Judge } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { isNode, type Host } from "../inventory.ts";
import { merge } from "../merge.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { renderYaml } from "../yaml.ts";
import { kubeProxyUnit } from "./agentunits.ts";
import { asNode, renderNodeKubeconfig } from "./nodeidentity.ts";
import { kubernetesDirectories, type BundlePart, type Placement } from "./part.ts";
import type { Reliance } from "./reliance.ts";
import { commandLine, networkAgentLimits, noProxies, renderUnit, restartsForever, unitFile } from "./systemd.ts";

const configFile = "/etc/kubernetes/kube-proxy.yaml";
const kubeconfigFile = "/etc/kubernetes/kube-proxy.conf";
const restart = [kubeProxyUnit];

/** KubeProxyConfiguration; `plinth:kubeProxyConfig` is merged over it. */
export function ownKubeProxyConfiguration(host: Host, config: ClusterConfig): Record<string, unknown> {
  return {
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
  };
}

export function kubeProxyConfiguration(host: Host, config: ClusterConfig): Record<string, unknown> {
  const merged = merge(ownKubeProxyConfiguration(host, config), config.kubeProxyConfig);
  const addresses = config.kubeProxyConfig["nodePortAddresses"];
  if (!Array.isArray(addresses)) return merged;
  return { ...merged, nodePortAddresses: withOwn(host, addresses as unknown[]) };
}

/** Where NodePorts answer: load balancers go to the host's own address, whatever else is named. */
function withOwn({ address }: Host, named: readonly unknown[]): unknown[] {
  const networks = named.flatMap((cidr) => (typeof cidr === "string" ? (parseNetwork(cidr) ?? []) : []));
  // `primary` stands alone, and is that address.
  const has = named.length === 0 || named.includes("primary") || networks.some((network) => contains(network, address));
  return has ? [...named] : [`${address}/32`, ...named];
}

/** What load balancers and the roster go by. */
export const kubeProxyReliance: Reliance = {
  key: "kubeProxyConfig",
  appliesTo: isNode,
  own: ({ host, config }) => ownKubeProxyConfiguration(host, config),
  binding: ["apiVersion", "kind", "hostnameOverride"],
  // The first is for whoever reads metrics; the other's list takes in what Plinth needs.
  free: ["metricsBindAddress", "nodePortAddresses"],
  accepts: { healthzBindAddress: (socket) => socket === `0.0.0.0:${ports.kubeProxyHealth}` },
  instead: {
    clusterCIDR: "set plinth:podCidr, before the cluster is made",
    healthzBindAddress: `remove it, or write 0.0.0.0:${ports.kubeProxyHealth}`,
  },
};

/** Flags without those of plinth:kubeProxyArgs. */
export const ownKubeProxyArguments: Readonly<Record<string, string>> = { config: configFile };

/** All flags of kube-proxy. */
export function kubeProxyArguments({ kubeProxyArgs }: ClusterConfig): Record<string, string> {
  return { ...ownKubeProxyArguments, ...kubeProxyArgs };
}

function service(config: ClusterConfig): string {
  return renderUnit({
    unit: {
      Description: "Kubernetes kube-proxy",
      Documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/",
      Wants: "network-online.target",
      After: "network-online.target",
      ...restartsForever,
    },
    service: {
      ExecStart: asNode(commandLine(binaryPath("kube-proxy"), kubeProxyArguments(config))),
      ...noProxies,
      Restart: "always",
      RestartSec: "2",
      LimitNOFILE: String(config.openFilesLimit),
      CapabilityBoundingSet: "CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_DAC_READ_SEARCH",
      ...networkAgentLimits,
    },
  });
}

function files(placement: Placement): BundleFile[] {
  const { host, config } = placement;
  const owner = "root:root";
  return [
    {
      path: configFile,
      mode: "0600",
      owner,
      restart,
      content: renderYaml(kubeProxyConfiguration(host, config)),
    },
    {
      path: kubeconfigFile,
      mode: "0600",
      owner,
      restart,
      content: renderNodeKubeconfig(placement),
    },
    unitFile(kubeProxyUnit, service(config), "0600"),
  ];
}

/** The planned kube-proxy reads and judges its file, writes what it has come to, and ends (k8s.io/kubernetes v1.36.3, cmd/kube-proxy/app). */
const judge: Judge = {
  ...{ name: "start", deadline: 30, unit: kubeProxyUnit },
  args: {
    ...{ memory: 150, settle: 0, accepted: "Wrote.configuration", executable: binaryPath("kube-proxy") },
    overrides: { "write-config-to": `${paths.judged}/kube-proxy.yaml` },
  },
};

/** kube-proxy of one Node. */
export const kubeProxy: BundlePart = {
  name: "kube-proxy",
  startsAfter: ["flannel"],
  directories: kubernetesDirectories,
  listens: () => [
    { protocol: "tcp", address: "*", port: ports.kubeProxyHealth, unit: kubeProxyUnit },
    { protocol: "tcp", address: "127.0.0.1", port: ports.kubeProxyMetrics, unit: kubeProxyUnit },
  ],
  plan: (placement) => ({
    binaries: [{ name: "kube-proxy", version: placement.config.kubernetesVersion, restart }],
    files: files(placement),
    units: [kubeProxyUnit],
    judges: [judge],
    // Its health is red until the Node exists, which comes later.
    checks: [{ name: "unit-active", deadline: 60, unit: kubeProxyUnit, args: { unit: kubeProxyUnit } }],
  }),
};
