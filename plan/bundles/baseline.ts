import type { BundleFile } from "../bundle.ts";
import type { Check } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { PlaceOf } from "../settings/place.ts";
import { isMachine, isNode, type Host } from "../inventory.ts";
import { paths } from "../names.ts";
import { proxyModules, proxyPackages } from "../kubeproxymode.ts";
import { unitScript } from "../scripts.ts";
import { contextRules, selinuxPackages } from "../selinux.ts";
import type { BundlePart } from "./part.ts";
import { proxyFile } from "./proxies.ts";
import { scriptFile } from "./scriptfiles.ts";
import { because, renderUnit, unitPath } from "./systemd.ts";

const baselineUnit = "plinth-baseline.service";
const swapUnit = "plinth-swap.service";
const journalUnit = "plinth-journal.service";

const script = `${paths.scripts}/baseline`;
const modulesFile = "/etc/modules-load.d/90-plinth.conf";
const parametersFile = "/etc/sysctl.d/90-plinth.conf";
const root = "root:root";

/**
 * Kernel parameters of a Node.
 *
 * Those of `vm` and `kernel` are what the kubelet wants and, with `protectKernelDefaults`, refuses to start without
 * (pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables).
 */
export const nodeParameters: Readonly<Record<string, string>> = {
  // Traffic of pods is routed by the host (https://kubernetes.io/docs/setup/production-environment/container-runtimes/).
  "net.ipv4.ip_forward": "1",
  // Pods of one host reach each other over a bridge: without this the answer to what was sent to a Service passes by
  // conntrack, and the client does not know the address that it comes from.
  "net.bridge.bridge-nf-call-iptables": "1",
  "net.bridge.bridge-nf-call-ip6tables": "1",
  // Every container's shim and every `kubectl logs -f` takes one; the kernel's 128 are gone at some 50 pods.
  "fs.inotify.max_user_instances": "8192",
  // The most that the kernel gives itself on a large host (torvalds/linux@92890123749b); memory is used only by watches that are.
  "fs.inotify.max_user_watches": "1048576",
  "vm.overcommit_memory": "1",
  "vm.panic_on_oom": "0",
  "kernel.panic": "10",
  "kernel.panic_on_oops": "1",
  "kernel.keys.root_maxkeys": "1000000",
  "kernel.keys.root_maxbytes": "25000000",
};

/**
 * Kernel parameters that Nodes cannot do without: pods reach nobody, or the kubelet does not start.
 *
 * @param place where settings stand.
 */
export function sysctlFindings({ sysctls, kubeletConfig }: ClusterConfig, place: PlaceOf): Finding[] {
  const needed = (key: string): boolean =>
    key === "net.ipv4.ip_forward" ||
    key.endsWith(".forwarding") ||
    key.startsWith("net.bridge.") ||
    (kubeletConfig["protectKernelDefaults"] !== false && /^(vm|kernel)\./.test(key));
  // Of an interface it is the same switch, and the one of all is the whole host's.
  const forwarding = Object.keys(sysctls)
    .filter((key) => /^net\.ipv4\.conf\..+\.forwarding$/.test(key))
    .map((key): [string, string] => [key, "1"]);
  return [...Object.entries(nodeParameters), ...forwarding].flatMap(([key, value]): Finding[] => {
    const set = sysctls[key];
    if (set === undefined || set === "" || set === value || !needed(key)) return [];
    const { name, hosts } = place("sysctls", [key]);
    const message = `${name} is not what Plinth sets and Nodes go by (${value})`;
    const remedy = /^(vm|kernel)\./.test(key)
      ? "remove it, or set protectKernelDefaults: false in kubeletConfig"
      : "remove it; an empty value leaves it alone";
    return [{ rule: "relied-on", kind: "input", hosts, message, remedy }];
  });
}

/** Kernel parameters of a host: Plinth's with `plinth:sysctls` on top, where an empty value leaves one alone. Machines besides the cluster have none. */
export function sysctlsOf(host: Host, config: ClusterConfig): Record<string, string> {
  if (isMachine(host)) return {};
  const own = isNode(host) ? nodeParameters : {};
  const merged = Object.entries({ ...own, ...config.sysctls });
  return Object.fromEntries(merged.filter(([, value]) => value !== "").toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Kernel modules of a host. Those that are built in, or have been loaded by somebody else, are fine as they are. */
export function modulesOf(host: Host, config: ClusterConfig): string[] {
  if (!isNode(host)) return [];
  // File system of containers; rules of kube-proxy; parameters net.bridge.*; pod network.
  return [
    ...["overlay", "nf_tables", "nf_conntrack", "br_netfilter"],
    ...(config.network === "flannel" ? ["vxlan"] : []),
    ...proxyModules(config),
  ];
}

const baselineService = renderUnit({
  unit: {
    Description: "Kernel modules and parameters for Kubernetes",
    After: because(
      "Other files than ours may have been read after ours.",
      "systemd-modules-load.service systemd-sysctl.service",
    ),
    Before: "containerd.service kubelet.service",
  },
  service: {
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: `${script} ${modulesFile} ${parametersFile}`,
    TimeoutStartSec: "60",
  },
});

/**
 * Turns swap off. At later boots it does not come on at all, because swap.target is masked. No default dependencies: a
 * shutdown must not turn it on again, only a release does. In a container swap belongs to the machine around it.
 */
const swapService = renderUnit({
  unit: {
    Description: "Swap is off: stopping this turns on what /etc/fstab lists",
    DefaultDependencies: "no",
    After: "local-fs.target swap.target",
    Before: "kubelet.service",
  },
  service: {
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: "/bin/sh -c 'test -e /run/systemd/container || swapoff -a'",
    ExecStop: "-/bin/sh -c 'test -e /run/systemd/container || swapon -a'",
    TimeoutStartSec: because("What is in swap has to be read back.", "600"),
  },
});

const journalLimits = `[Journal]
# Logs are there to explain a crash, so they survive it, and they never take a disk away from images or etcd.
Storage=persistent
SystemMaxUse=1G
SystemKeepFree=1G
RuntimeMaxUse=64M
MaxRetentionSec=1month
`;

const journalService = renderUnit({
  unit: { Description: "The journal's limits: starting this makes journald read them" },
  service: {
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: "systemctl try-restart systemd-journald.service",
  },
});

function file(path: string, content: string, restart: readonly string[] = []): BundleFile {
  return { path, mode: "0644", owner: root, restart, content };
}

function kernelFiles(host: Host, config: ClusterConfig): BundleFile[] {
  const parameters = Object.entries(sysctlsOf(host, config)).map(([key, value]) => `${key} = ${value}\n`);
  const modules = modulesOf(host, config).map((name) => `${name}\n`);
  return [
    file(modulesFile, modules.join(""), [baselineUnit]),
    file(parametersFile, parameters.join(""), [baselineUnit]),
    file(unitPath(baselineUnit), baselineService, [baselineUnit]),
  ];
}

function checks(host: Host, config: ClusterConfig): Check[] {
  const parameters = Object.entries(sysctlsOf(host, config));
  return [
    // As long as the unit may take.
    { name: "swap-off", deadline: 600, unit: swapUnit, args: {} },
    ...parameters.map(([key, value]): Check => ({
      name: "sysctl",
      deadline: 30,
      unit: baselineUnit,
      args: { key, value },
    })),
  ];
}

/** The proxies by which packages are installed. */
const proxies = (config: ClusterConfig) => proxyFile(paths.proxies, config);

/**
 * What every host of the cluster gets before anything else: bounded logs and no swap; on Nodes also kernel modules, kernel parameters and the
 * tools that Kubernetes calls.
 *
 * Parameters that are no longer listed keep their value until the host reboots, as do all of them when it is released.
 */
export const baseline: BundlePart = {
  name: "baseline",
  appliesTo: (host) => !isMachine(host),
  plan: ({ host, config, surroundings }) => ({
    packages: [
      ...(isNode(host)
        ? [
            { name: "kmod", command: "modprobe" },
            { name: "nftables", command: "nft" },
            { name: "conntrack", command: "conntrack" },
            { name: "ethtool", command: "ethtool" },
            { name: "socat", command: "socat" },
            ...proxyPackages(config),
          ]
        : []),
      ...(surroundings?.selinux === true ? selinuxPackages(host) : []),
    ],
    downloads: [scriptFile(script, unitScript("baseline"), { restart: [baselineUnit] })],
    files: [
      ...kernelFiles(host, config),
      // An empty unit file masks the unit.
      file(unitPath("swap.target"), ""),
      file(unitPath(swapUnit), swapService, [swapUnit]),
      file("/etc/systemd/journald.conf.d/90-plinth.conf", journalLimits, [journalUnit]),
      file(unitPath(journalUnit), journalService, [journalUnit]),
      ...proxies(config).files,
    ],
    secrets: proxies(config).secrets,
    units: [journalUnit, swapUnit, baselineUnit],
    // Scripts of units are here by then, and programs come with later bundles.
    prepares:
      surroundings?.selinux === true
        ? [{ name: "selinux-contexts", deadline: 300, unit: "-", args: { rules: contextRules(host, config) } }]
        : [],
    checks: checks(host, config),
  }),
};

/** What machines besides the cluster get instead: what Plinth needs to bring them what their roles are. */
export const machineBaseline: BundlePart = {
  name: "machine",
  appliesTo: isMachine,
  plan: ({ config }) => proxies(config),
};
