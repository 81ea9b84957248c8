import type { ClusterConfig } from "../config.ts";
import type { Finding } from "../findings.ts";
import type { PlaceOf } from "./place.ts";

type ArgumentsKey = "kubeletArgs" | "kubeProxyArgs" | "flannelArgs";

interface Program {
  /** As messages call it. */
  name: string;
  /** Flags that may be set: those of the program that nothing else decides on. */
  free: readonly string[];
  /** Flag → what to do in its place. */
  instead?: Readonly<Record<string, string>>;
  /** The key of the configuration that has what is no flag here. */
  file?: "kubeletConfig" | "kubeProxyConfig";
}

const logging = ["v", "vmodule", "log-flush-frequency"];

/**
 * Flags by program (`--help` of kubelet and kube-proxy 1.36 and flannel 0.28). A flag wins over the configuration file, which is what
 * the rest of Plinth is held against: what the file has, too, is set there.
 */
const programs: Readonly<Record<ArgumentsKey, Program>> = {
  kubeletArgs: {
    name: "the kubelet",
    free: [
      ...logging,
      ...["image-credential-provider-bin-dir", "image-credential-provider-config"],
      ...["cloud-provider", "provider-id", "housekeeping-interval", "runtime-cgroups"],
      ...["lock-file", "exit-on-lock-contention"],
    ],
    instead: {
      "root-dir": "set directories.kubelet",
      "node-labels": "write labels of hosts into the inventory",
      "register-with-taints": "write taints of hosts into the inventory",
      "hostname-override": "a Node is called like its host in the inventory",
      "node-ip": "a Node has the address of its host in the inventory",
      "fail-cgroupv1": "use kubeletConfig.failCgroupV1",
      ...Object.fromEntries(
        ["bootstrap-kubeconfig", "cert-dir", "config", "config-dir", "kubeconfig"].map((flag) => [
          flag,
          "remove it: Plinth's files are there",
        ]),
      ),
    },
    file: "kubeletConfig",
  },
  kubeProxyArgs: {
    name: "kube-proxy",
    free: logging,
    instead: {
      config: "remove it: Plinth's file is there",
      kubeconfig: "remove it: Plinth's file is there",
      "proxy-mode": "use kubeProxyConfig.mode",
    },
    file: "kubeProxyConfig",
  },
  flannelArgs: {
    name: "flannel",
    free: [
      ...["v", "vmodule", "iptables-forward-rules", "iptables-resync", "ip-masq-fully-random-disable"],
      ...["ip-blackhole-route", "healthz-ip", "healthz-port"],
    ],
  },
};

/** `max-pods` → `maxPods`, as configuration files have it. */
const inFile = (flag: string): string => flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Flags that Plinth relies on, or that stand elsewhere. */
export function validateArguments(config: ClusterConfig, place: PlaceOf): Finding[] {
  return (Object.entries(programs) as [ArgumentsKey, Program][]).flatMap(([key, { name, free, instead, file }]) =>
    Object.keys(config[key])
      .filter((flag) => !free.includes(flag))
      .map((flag): Finding => {
        const { name: where, hosts } = place(key, [flag]);
        const other =
          file === undefined ? "remove it" : `use ${file}.${inFile(flag)}, if the file has that, or remove it`;
        return {
          rule: "arguments",
          kind: "input",
          hosts,
          message: `${where} is no flag of ${name} that may be set (it takes ${free.join(", ")})`,
          remedy: instead?.[flag] ?? other,
        };
      }),
  );
}
