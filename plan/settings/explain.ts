import { isDeepStrictEqual } from "node:util";
import { nodeParameters, sysctlsOf } from "../bundles/baseline.ts";
import { flannelArguments, ownFlannelArguments } from "../bundles/flannel.ts";
import {
  kubeletArguments,
  kubeletConfiguration,
  ownKubeletArguments,
  ownKubeletConfiguration,
} from "../bundles/kubelet.ts";
import {
  kubeProxyArguments,
  kubeProxyConfiguration,
  ownKubeProxyArguments,
  ownKubeProxyConfiguration,
} from "../bundles/kubeproxy.ts";
import { configSchema, type ClusterConfig } from "../config.ts";
import { isNode, type Host } from "../inventory.ts";
import { isObject } from "../merge.ts";
import { defaultDirectories, directoriesOf } from "./directories.ts";
import { parametersOf } from "../roles/part.ts";
import { selectorText } from "./guards.ts";
import { configFor, layersOf, originOf, saidAt, type Origin } from "./layers.ts";
import type { SettingKey } from "./schema.ts";

type Values = Readonly<Record<string, unknown>>;

/** Whose a value is: one who says it, Plinth by itself, or for a parameter the role's own definition. */
export type ValueOrigin = Origin | { kind: "plinth" } | { kind: "role"; role: string };

/** One value of a host. */
export interface Explained {
  /** The key of the configuration and the names in there. */
  path: readonly string[];
  /** Undefined: somebody has taken it away, or nothing is set. */
  value: unknown;
  /** Who decides; several where entries of theirs and of Plinth stand side by side. */
  origins: readonly ValueOrigin[];
}

interface Section {
  appliesTo: (host: Host, config: ClusterConfig) => boolean;
  /** Plinth's own. */
  own: (host: Host, config: ClusterConfig) => Values;
  /** What the host is given in the end. */
  given: (host: Host, config: ClusterConfig, hosts: readonly Host[]) => Values;
}

const sections: Readonly<Record<SettingKey, Section>> = {
  kubeletConfig: {
    appliesTo: isNode,
    own: ownKubeletConfiguration,
    given: (host, config, hosts) => kubeletConfiguration({ host, hosts, config }),
  },
  kubeletArgs: {
    appliesTo: isNode,
    own: (host, config) => ownKubeletArguments({ host, config }),
    given: (host, config) => kubeletArguments({ host, config }),
  },
  kubeProxyConfig: { appliesTo: isNode, own: ownKubeProxyConfiguration, given: kubeProxyConfiguration },
  kubeProxyArgs: {
    appliesTo: isNode,
    own: () => ownKubeProxyArguments,
    given: (_host, config) => kubeProxyArguments(config),
  },
  flannelArgs: {
    appliesTo: (host, { network }) => isNode(host) && network === "flannel",
    own: ownFlannelArguments,
    given: flannelArguments,
  },
  sysctls: { appliesTo: () => true, own: (host) => (isNode(host) ? nodeParameters : {}), given: sysctlsOf },
  containerd: { appliesTo: isNode, own: () => ({}), given: (_host, { containerd }) => ({ ...containerd }) },
  parameters: {
    appliesTo: () => true,
    own: () => ({}),
    given: (host, config) => parametersOf(host, config),
  },
  directories: {
    appliesTo: () => true,
    own: () => defaultDirectories,
    given: (_host, config) => ({ ...directoriesOf(config) }),
  },
};

/** Settings that all hosts of a stack have alike, unless the inventory has one of its own. */
const alike = [
  ...(["interface", "mtu", "kubernetesVersion", "containerdVersion", "runcVersion", "cniVersion"] as const),
  ...(["flannelVersion", "sandboxImage", "cgroupDriver", "restrictOomScoreAdj"] as const),
  ...(["openFilesLimit", "oomScoreAdjust"] as const),
] satisfies readonly (keyof ClusterConfig)[];

/** The keys that can be explained. */
export const explainedKeys: readonly string[] = [...Object.keys(sections), ...alike];

/** The values of a structure, each with the names that lead to it. Lists and empty maps are values. */
function valuesIn(structure: Values, above: readonly string[]): [path: string[], value: unknown][] {
  return Object.entries(structure).flatMap(([name, value]): [string[], unknown][] => {
    const path = [...above, name];
    return isObject(value) && Object.keys(value).length > 0 ? valuesIn(value, path) : [[path, value]];
  });
}

/**
 * Every value that a host is given, and who decides about it: Plinth, the stack, a group or the host itself.
 *
 * @param hosts the inventory.
 */
export function explain(host: Host, hosts: readonly Host[], config: ClusterConfig): Explained[] {
  const own = configFor(host, config);
  const layers = layersOf(host, config);
  const byKey = (Object.entries(sections) as [SettingKey, Section][]).flatMap(([key, section]): Explained[] => {
    if (!section.appliesTo(host, own)) return [];
    const given = valuesIn(section.given(host, own, hosts), []);
    const there = new Set(given.map(([path]) => JSON.stringify(path)));
    const taken = valuesIn(section.own(host, own), [])
      .filter(([path]) => !there.has(JSON.stringify(path)))
      .filter(([path]) => !given.some(([other]) => path.every((name, index) => name === other[index])))
      .map(([path]): [string[], unknown] => [path, undefined]);
    return [...given, ...taken].map(([path, value]): Explained => {
      const origin = originOf(layers, key, path);
      if (origin === undefined) return { path: [key, ...path], value, origins: [byDefault(key, path)] };
      const said = saidAt(layers.find((layer) => layer.origin === origin)?.settings[key], path);
      // A role may make something else of what is said.
      const alone =
        key === "parameters" || value === undefined || isDeepStrictEqual(said, value) || !Array.isArray(said);
      return { path: [key, ...path], value, origins: [origin, ...(alone ? [] : [{ kind: "plinth" } as const])] };
    });
  });
  return [...byKey, ...alike.map((key) => explainAlike(key, host, config))];
}

function byDefault(key: SettingKey, [role = ""]: readonly string[]): ValueOrigin {
  return key === "parameters" ? { kind: "role", role } : { kind: "plinth" };
}

function explainAlike(key: (typeof alike)[number], host: Host, config: ClusterConfig): Explained {
  if (key === "interface" && host.interface !== undefined)
    return { path: [key], value: host.interface, origins: [{ kind: "host" }] };
  const value = config[key];
  const byDefault = isDeepStrictEqual(configSchema.shape[key].safeParse(undefined).data, value);
  return { path: [key], value, origins: [{ kind: byDefault ? "plinth" : "stack" }] };
}

/** The values below a key, `kubeletConfig` or `kubeletConfig.evictionHard`; all of them without one. */
export function explainedBelow(values: readonly Explained[], key: string | undefined): Explained[] {
  return values.filter(({ path }) => {
    const name = path.join(".");
    return key === undefined || name === key || name.startsWith(`${key}.`);
  });
}

/** An origin in words; `key` is the first of the value's path. */
export function originText(origin: ValueOrigin, key: string, stack: string): string {
  switch (origin.kind) {
    case "plinth":
      return "Plinth";
    case "role":
      return `the role ${origin.role}`;
    case "stack":
      return `plinth:${key} of the stack`;
    case "group":
      return `plinth:groups.${origin.index} (${selectorText(origin.selector)})`;
    case "host":
      return `hosts/${stack}.ts`;
  }
}
