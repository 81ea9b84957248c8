import type { BundlePackage } from "./bundle.ts";
import type { ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { isObject } from "./merge.ts";
import { printable } from "./printable.ts";
import type { PlaceOf } from "./settings/place.ts";

/** How kube-proxy can work on Linux (https://kubernetes.io/docs/reference/networking/virtual-ips/). */
export const proxyModes = ["nftables", "iptables", "ipvs"] as const;
export type ProxyMode = (typeof proxyModes)[number];

/** kube-proxy's own, where a setting takes Plinth's away. */
const fallback: ProxyMode = "iptables";

const ownMode: ProxyMode = "nftables";
/** Schedulers of IPVS that Linux has: ip_vs_*.ko of 6.12. */
const schedulers: readonly string[] = [
  ...["dh", "fo", "lblc", "lblcr", "lc", "mh", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr"],
];
/** IPVS' own scheduler where none is set (pkg/proxy/ipvs, defaultScheduler). */
const defaultScheduler = "rr";

type Settings = Pick<ClusterConfig, "kubeProxyConfig">;

/** How kube-proxy works in the end; what is not known counts as Plinth's own, and is a finding. */
export function proxyMode({ kubeProxyConfig }: Settings): ProxyMode {
  const { mode = ownMode } = kubeProxyConfig;
  if (mode === null || mode === "") return fallback;
  return proxyModes.find((known) => known === mode) ?? ownMode;
}

/** What kube-proxy calls in a mode, besides nft, which every Node has. */
export function proxyPackages(config: Settings): BundlePackage[] {
  const iptables = { name: "iptables", command: "iptables-restore" };
  const packages: Record<ProxyMode, BundlePackage[]> = {
    nftables: [],
    iptables: [iptables],
    ipvs: [iptables, { name: "ipset", command: "ipset" }],
  };
  return packages[proxyMode(config)];
}

function scheduler({ kubeProxyConfig: { ipvs } }: Settings): unknown {
  const set = isObject(ipvs) ? ipvs["scheduler"] : undefined;
  return set === undefined || set === null || set === "" ? defaultScheduler : set;
}

/** Kernel modules of a mode: kube-proxy may load none. */
export function proxyModules(config: Settings): string[] {
  if (proxyMode(config) !== "ipvs") return [];
  return ["ip_vs", `ip_vs_${String(scheduler(config))}`, "ip_set"];
}

/** A mode, or a scheduler of IPVS, that there is not. */
export function validateProxyMode(config: Settings, place: PlaceOf): Finding[] {
  const report = (path: readonly string[], problem: string, remedy: string): Finding[] => {
    const { name, hosts } = place("kubeProxyConfig", path);
    return [{ rule: "kube-proxy-mode", kind: "input", hosts, message: `${name} ${problem}`, remedy }];
  };
  const { mode } = config.kubeProxyConfig;
  if (mode !== undefined && mode !== null && mode !== "" && !proxyModes.some((known) => known === mode))
    return report(
      ["mode"],
      `is ${printable(JSON.stringify(mode), 50)}, which kube-proxy does not know on Linux`,
      `use one of ${proxyModes.join(", ")}`,
    );
  const chosen = scheduler(config);
  if (typeof chosen !== "string" || !schedulers.includes(chosen))
    return report(
      ["ipvs", "scheduler"],
      `is ${printable(JSON.stringify(chosen), 50)}`,
      `use one of ${schedulers.join(", ")}`,
    );
  return [];
}
