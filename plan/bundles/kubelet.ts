import { clusterDnsAddress } from "../addons/dns.ts";
import { isIPv4 } from "../addresses.ts";
import { binaryPath } from "../bundle.ts";
import type { Judge, Prepare, Require } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { endpointFor } from "../endpoint.ts";
import { isNode, type Host } from "../inventory.ts";
import { isObject, merge } from "../merge.ts";
import { binDirectory, paths, taints } from "../names.ts";
import { ports } from "../ports.ts";
import { defaultDirectories, directoriesOf, mountsFor } from "../settings/directories.ts";
import { renderYaml } from "../yaml.ts";
import { authorityFile } from "./certificates.ts";
import { cniConfigPath, makesCniConfig } from "./cni.ts";
import { flannelUnit, kubeProxyUnit } from "./agentunits.ts";
import { renderClientConfig } from "./kubeconfig.ts";
import { kubernetesDirectories, type BundlePart, type Placement } from "./part.ts";
import type { Reliance } from "./reliance.ts";
import { nodeCredentials } from "./nodecredentials.ts";
import { containerdUnit, podsUnit } from "./runtime.ts";
import {
  because,
  cipherSuites,
  commandLine,
  commandWords,
  oomProtection,
  noProxies,
  renderUnit,
  restartsForever,
  servesWith,
  suitesInstead,
  unitFile,
} from "./systemd.ts";

const kubeletUnit = "kubelet.service";
const configFile = "/etc/kubernetes/kubelet.yaml";
const bootstrapFile = "/etc/kubernetes/kubelet-bootstrap.conf";
/** Written by the kubelet when it has got its client certificate. */
const kubeconfigFile = "/var/lib/kubelet/kubeconfig";
const restart = [kubeletUnit];

/** Where Nodes find the certificate of the cluster's authority; a file of its own, so that no other bundle's is touched. */
export const nodeAuthorityFile = "/etc/kubernetes/pki/node-ca.crt";

/** Set at registration, so that nothing is scheduled before the roster has set labels and taints; it takes this away. */
export const uninitializedTaint = { key: taints.uninitialized, effect: "NoSchedule" } as const;

/**
 * Processes and threads of one pod. Without a limit one pod can take all of a host's. What OpenShift has as its default
 * (https://docs.openshift.com/rosa/rosa_cluster_admin/rosa-configuring-pid-limits.html).
 */
const mostProcesses = 4096;

const hasPeriods = (periods: unknown): boolean => Array.isArray(periods) && periods.length > 0;

/**
 * KubeletConfiguration. Reserved resources and eviction follow what Kubernetes recommends for a host that runs nothing
 * else (https://kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources/); `plinth:kubeletConfig` is merged
 * over it.
 */
export function ownKubeletConfiguration(host: Host, config: ClusterConfig): Record<string, unknown> {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: host.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: nodeAuthorityFile },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: config.cgroupDriver,
    clusterDNS: [clusterDnsAddress(config)],
    clusterDomain: config.clusterDomain,
    containerLogMaxFiles: 5,
    containerLogMaxSize: "20Mi",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    enforceNodeAllocatable: ["pods"],
    eventRecordQPS: 5,
    evictionHard: {
      "imagefs.available": "15%",
      "memory.available": "200Mi",
      "nodefs.available": "10%",
      "nodefs.inodesFree": "5%",
    },
    healthzBindAddress: "127.0.0.1",
    healthzPort: ports.kubeletHealth,
    imageGCHighThresholdPercent: 85,
    imageGCLowThresholdPercent: 75,
    kubeReserved: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "1Gi" },
    makeIPTablesUtilChains: false,
    maxParallelImagePulls: 5,
    maxPods: 110,
    podPidsLimit: mostProcesses,
    // The baseline sets what it checks.
    protectKernelDefaults: true,
    readOnlyPort: 0,
    registerWithTaints: [uninitializedTaint],
    rotateCertificates: true,
    seccompDefault: true,
    serializeImagePulls: false,
    // Its key is made on the host and stays there; plan/bundles/servingcertificates.ts has the certificate signed.
    serverTLSBootstrap: true,
    // The kubelet takes one or the other.
    ...(hasPeriods(config.kubeletConfig["shutdownGracePeriodByPodPriority"])
      ? {}
      : { shutdownGracePeriod: "60s", shutdownGracePeriodCriticalPods: "20s" }),
    systemReserved: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "1Gi" },
    tlsCipherSuites: cipherSuites.split(","),
    tlsMinVersion: "VersionTLS12",
  };
}

/** What the kubelet is given: Plinth's own, what the host has found around itself, and over both `plinth:kubeletConfig`. */
export function kubeletConfiguration({ host, config, surroundings }: Placement): Record<string, unknown> {
  const resolvConf = surroundings?.resolvConf;
  const found = resolvConf === undefined ? {} : { resolvConf };
  const merged = merge({ ...ownKubeletConfiguration(host, config), ...found }, config.kubeletConfig);
  const taints = config.kubeletConfig["registerWithTaints"];
  // Without ours pods would come before labels and taints of the inventory.
  const others = Array.isArray(taints) ? (taints as unknown[]) : [];
  const key = (taint: unknown): unknown => (isObject(taint) ? taint["key"] : undefined);
  const kept = others.filter((taint) => key(taint) !== uninitializedTaint.key);
  return { ...merged, registerWithTaints: [uninitializedTaint, ...kept] };
}

/** What API servers, load balancers, checks, containerd and the roster go by. */
export const kubeletReliance: Reliance = {
  key: "kubeletConfig",
  appliesTo: isNode,
  own: ({ host, config }) => ownKubeletConfiguration(host, config),
  binding: [
    "apiVersion",
    "kind",
    "authentication.webhook.enabled",
    "authorization.mode",
    "cgroupDriver",
    "clusterDNS",
    "rotateCertificates",
    "tlsCipherSuites",
  ],
  accepts: {
    // Of a cache on each Node, for example; where they may be, addressrules.ts says. The kubelet leaves out what is none.
    clusterDNS: (servers) =>
      Array.isArray(servers) && servers.length > 0 && servers.every((one) => typeof one === "string" && isIPv4(one)),
    tlsCipherSuites: (suites, _host, { kubeletConfig }) =>
      Array.isArray(suites) && servesWith(suites.map(String), kubeletConfig["tlsMinVersion"]),
    address: (address) => address === "0.0.0.0",
    healthzBindAddress: (address) => address === "0.0.0.0",
  },
  never: {
    registerNode: "the roster waits for the Node",
    port: "API servers and firewalls know the default",
    enableServer: "API servers ask it for logs and metrics",
    imageServiceEndpoint: "images are in the containerd that runs them",
  },
  instead: {
    clusterDomain: "set plinth:clusterDomain, before the cluster is made",
    clusterDNS: "write IPv4 addresses of name servers, or remove it",
    tlsCipherSuites: suitesInstead,
    cgroupDriver: "set plinth:cgroupDriver, which containerd follows, too",
    address: "remove it, or write 0.0.0.0",
    healthzBindAddress: "remove it, or write 0.0.0.0",
  },
};

/**
 * Arguments of a kubelet that asks for its client certificate and ends. It asks before it does anything else, because it is
 * not to rotate; there is no runtime where it looks for one, so that it does nothing else. As flags, because it takes the
 * same configuration for the rest.
 */
const onlyJoin = {
  "container-runtime-endpoint": `unix://${paths.staging}/no-runtime.sock`,
  "rotate-certificates": "false",
};

/** Flags without those of plinth:kubeletArgs. */
export function ownKubeletArguments({ host, config }: Pick<Placement, "host" | "config">): Record<string, string> {
  const root = directoriesOf(config).kubelet;
  return {
    "bootstrap-kubeconfig": bootstrapFile,
    "cert-dir": "/var/lib/kubelet/pki",
    config: configFile,
    "hostname-override": host.name,
    kubeconfig: kubeconfigFile,
    "node-ip": host.address,
    ...(root === defaultDirectories.kubelet ? {} : { "root-dir": root }),
  };
}

/** All flags of the kubelet. */
export function kubeletArguments(placement: Pick<Placement, "host" | "config">): Record<string, string> {
  return { ...ownKubeletArguments(placement), ...placement.config.kubeletArgs };
}

function kubeletService({ host, hosts, config }: Placement): string {
  const server = endpointFor(host, hosts, config);
  const executable = binaryPath("kubelet");
  const args = kubeletArguments({ host, config });
  // Without others' flags: a shell reads these words, and none of them is needed for a certificate.
  const join = commandWords(executable, { ...ownKubeletArguments({ host, config }), ...onlyJoin });
  return renderUnit({
    unit: {
      Description: "Kubernetes kubelet",
      Documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/",
      Wants: `network-online.target ${containerdUnit}`,
      After: `network-online.target ${containerdUnit}`,
      RequiresMountsFor: mountsFor(config, "kubelet"),
      ...restartsForever,
    },
    service: {
      ExecStartPre: because(
        "The kubelet writes this file once, from the bootstrap kubeconfig: the endpoint may have moved since.",
        `/bin/sh -c 'test ! -e ${kubeconfigFile} || sed -i "s|^\\\\( *server: \\\\).*|\\\\1${server}|" ${kubeconfigFile}'`,
      ),
      ExecStart: because(
        "A kubelet that has no certificate yet works without one meanwhile: it is refused, and then waits for longer and longer. So it gets one first.",
        [
          // Only this shell is told to stop, and a shell that waits for a command hears nothing. Which process to end is known
          // when that is told: `$!` is escaped for the shell, and `\\` and `$$` for systemd.
          `/bin/sh -c 'test -e ${kubeconfigFile} || { trap "kill \\\\$$!; wait \\\\$$!; exit" TERM; ${join} & wait $$!; trap - TERM; }; exec "$$0" "$$@"'`,
          commandLine(executable, args),
        ].join(" \\\n  "),
      ),
      ...noProxies,
      Restart: "always",
      RestartSec: "2",
      KillMode: because("Pods outlive it.", "process"),
      Delegate: "yes",
      LimitNOFILE: String(config.openFilesLimit),
      TasksMax: "infinity",
      OOMScoreAdjust: oomProtection(config),
      CPUAccounting: "yes",
      MemoryAccounting: "yes",
      Environment: `PATH=${binDirectory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
  });
}

/** Kubeconfig with the host's bootstrap token, valid only while the roster lets the host join. */
export function renderBootstrapKubeconfig(cluster: string, server: string, token: string): string {
  return renderClientConfig({
    cluster: { name: cluster, fields: { server, "certificate-authority": nodeAuthorityFile } },
    user: { name: "bootstrap", fields: { token } },
    context: "bootstrap",
  });
}

/** Whether the cluster signs the kubelet's serving certificate; `plinth:kubeletConfig` can name another one. */
export function isServedByCluster(config: ClusterConfig): boolean {
  return config.kubeletConfig["serverTLSBootstrap"] !== false;
}

/**
 * The planned kubelet reads its flags and its file, judges both and opens its certificates before it asks for a container runtime, and
 * that is the last that it does where there is none: no cgroup is looked at before, and nothing is written (k8s.io/kubernetes v1.36.3,
 * cmd/kubelet/app/server.go: NewKubeletCommand, run, up to PreInitRuntimeService). Without a cluster it could ask nobody who its clients
 * are. What it reads later only, such as the policy of its CPU manager, is not judged.
 */
const judge: Judge = {
  name: "start",
  deadline: 30,
  unit: kubeletUnit,
  args: {
    memory: 200,
    accepted: "validate.service.connection",
    settle: 0,
    executable: binaryPath("kubelet"),
    overrides: {
      "authentication-token-webhook": "false",
      "authorization-mode": "AlwaysAllow",
      "bootstrap-kubeconfig": "",
      "cert-dir": `${paths.judged}/pki`,
      "container-runtime-endpoint": onlyJoin["container-runtime-endpoint"],
      kubeconfig: "",
      "root-dir": paths.judged,
    },
  },
};

/**
 * A kubelet whose way to the API has changed before is not restarted where the present one does not answer: its Node would not be ready,
 * and the one that it has might do.
 */
function reachesApi({ host, hosts, config }: Placement): Require[] {
  if (config.ways === undefined || config.ways.former.length === 0) return [];
  const url = `${endpointFor(host, hosts, config)}/readyz`;
  return [
    {
      ...{ name: "api-ready", deadline: 60, unit: kubeletUnit },
      args: { url, authorityFile: nodeAuthorityFile },
    },
  ];
}

/** Before anything else: what asks the API as the Node has nothing to ask with then. */
function joinsAnew({ joinedAnew, config }: Placement): Prepare[] {
  if (joinedAnew === undefined) return [];
  return [
    {
      ...{ name: "join-anew", deadline: 60, unit: kubeletUnit },
      args: {
        generation: joinedAnew,
        credentialsFile: nodeCredentials,
        kubeconfigFile,
        agents: agentsOf(config),
      },
    },
  ];
}

/** Units that work with the Node's credentials. */
function agentsOf(config: ClusterConfig): string[] {
  return makesCniConfig(config) ? [kubeProxyUnit, flannelUnit] : [kubeProxyUnit];
}

/** The kubelet of one Node. */
export const kubelet: BundlePart = {
  name: "kubelet",
  // What pods need is there when the first of them starts.
  startsAfter: ["kube-proxy", "flannel"],
  directories: (config) => [
    ...kubernetesDirectories,
    // Its kubeconfig and certificate are there wherever its data is.
    ...[...new Set([defaultDirectories.kubelet, directoriesOf(config).kubelet])].map(
      (path) => ({ path, mode: "0750", owner: "root:root", atRelease: "purge" }) as const,
    ),
  ],
  listens: (host) => [
    { protocol: "tcp", address: host.address, port: ports.kubelet, unit: kubeletUnit },
    { protocol: "tcp", address: "127.0.0.1", port: ports.kubeletHealth, unit: kubeletUnit },
  ],
  plan: (placement) => {
    const { config } = placement;
    const owner = "root:root";
    return {
      binaries: [{ name: "kubelet", version: config.kubernetesVersion, restart }],
      files: [
        {
          path: configFile,
          mode: "0600",
          owner,
          restart,
          content: renderYaml(kubeletConfiguration(placement)),
        },
        unitFile(kubeletUnit, kubeletService(placement), "0600"),
      ],
      secrets: [
        authorityFile("kubernetes", nodeAuthorityFile, { restart }),
        { path: bootstrapFile, mode: "0600", owner, source: { kind: "bootstrap-kubeconfig" } },
      ],
      units: [kubeletUnit],
      prepares: [
        ...joinsAnew(placement),
        {
          ...{ name: "node-current", deadline: 30, unit: kubeletUnit },
          args: {
            name: placement.host.name,
            server: endpointFor(placement.host, placement.hosts, config),
            authorityFile: nodeAuthorityFile,
            credentialsFile: nodeCredentials,
            cniConfig: makesCniConfig(config) ? cniConfigPath : undefined,
            agents: agentsOf(config),
            runtime: [containerdUnit, podsUnit],
          },
        },
      ],
      judges: [judge],
      requires: reachesApi(placement),
      checks: [
        { name: "unit-active", deadline: 60, unit: kubeletUnit, args: { unit: kubeletUnit } },
        // Before it has a certificate it serves nothing; the roster gives it one and waits for the Node.
        {
          name: "if-file",
          deadline: 90,
          unit: kubeletUnit,
          args: {
            path: kubeconfigFile,
            check: { name: "http-ok", args: { url: `http://127.0.0.1:${ports.kubeletHealth}/healthz`, text: "ok" } },
          },
        },
      ],
    };
  },
};
