import { z } from "zod";
import type { Finding } from "./findings.ts";
import { isObject } from "./merge.ts";
import type { PlaceOf } from "./settings/place.ts";
import { refineLines, words } from "./texts.ts";

const hostPath = words.regex(/^(\/[\w+-][\w.+-]*)+$/, "must be an absolute path without blanks");

/** Settings of containerd's own files, by their names there. TOML has no null. */
const structure = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  refineLines(value, context);
  const look = (inner: unknown, path: PropertyKey[]): void => {
    if (inner === null) context.addIssue({ code: "custom", path, message: "must have a value" });
    if (typeof inner !== "object" || inner === null) return;
    for (const [key, one] of Object.entries(inner)) look(one, [...path, key]);
  };
  look(value, []);
});

/** What runs containers besides runc, under the name that pods ask for it by; all of it where a layer says but a part. */
const runtimeFields = {
  /** Which shim it has. Default: runc's, which a wrapper of runc such as a GPU's has, too. */
  type: z
    .string()
    .regex(/^io\.containerd\.[a-z0-9-]+\.v\d+$/, "must be the type of a runtime such as io.containerd.runc.v2"),
  /** Path on the hosts: in place of runc, or of the shim where the type is another one. */
  binary: hostPath,
  /** The runtime's options, by their names there, e.g. `BinaryName`. Default: none. */
  options: structure,
  /** Whether the cluster has a RuntimeClass of this name. Default: no. */
  runtimeClass: z.boolean(),
  /** Labels of Nodes that have it, for the RuntimeClass: its pods go there. Default: none. */
  nodeSelector: z.record(words, z.string()),
};

const runtime = z.strictObject({
  type: runtimeFields.type.default("io.containerd.runc.v2"),
  binary: runtimeFields.binary.optional(),
  options: runtimeFields.options.default({}),
  runtimeClass: runtimeFields.runtimeClass.default(false),
  nodeSelector: runtimeFields.nodeSelector.default({}),
});

const runtimeName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be a DNS-1123 label");

/** The same where hosts or groups have something for themselves: what is left out is as it is below. */
export const containerdLayerSchema = z.strictObject({
  runtimes: z.record(runtimeName, z.strictObject(runtimeFields).partial()).optional(),
  settings: structure.optional(),
});

/** What is laid over Plinth's configuration of containerd. */
export const containerdSchema = z.strictObject({
  /** Handler of a RuntimeClass → runtime. */
  runtimes: z.record(runtimeName, runtime).default({}),
  /** A configuration of version 3, by its names there, e.g. `plugins`. */
  settings: structure.default({}),
});

export type ContainerdSettings = z.output<typeof containerdSchema>;

const runtimePlugin = "io.containerd.cri.v1.runtime";
const imagesPlugin = "io.containerd.cri.v1.images";

/** What a configuration of version 3 has at its top (cmd/containerd/server/config/config.go). */
const sections = [
  ...[
    "version",
    "root",
    "state",
    "temp",
    "debug",
    "disabled_plugins",
    "required_plugins",
    "plugins",
    "oom_score",
    "cgroup",
  ],
  ...["proxy_plugins", "timeouts", "imports", "stream_processors", "grpc", "ttrpc", "metrics"],
];

/** What the rest of Plinth goes by → what to do in its place. */
const relied: readonly [path: readonly string[], instead: string][] = [
  [["version"], "remove it: the configuration has version 3"],
  [["root"], "use plinth:directories.containerd"],
  [["state"], "remove it"],
  [["imports"], "put files of your own into /etc/containerd/conf.d"],
  [["grpc", "address"], "remove it: the kubelet asks there"],
  [["plugins", imagesPlugin, "registry"], "use plinth:registries and plinth:registryCredentials"],
  [["plugins", imagesPlugin, "pinned_images", "sandbox"], "use plinth:sandboxImage"],
  [["plugins", runtimePlugin, "restrict_oom_score_adj"], "use plinth:restrictOomScoreAdj"],
  [["plugins", runtimePlugin, "cni"], "use plinth:network: none for a pod network of your own"],
  [
    ["plugins", "io.containerd.grpc.v1.cri"],
    `containerd 2 has its settings in ${imagesPlugin} and ${runtimePlugin}: name them there`,
  ],
  [["plugins", runtimePlugin, "containerd", "runtimes"], "use plinth:containerd.runtimes"],
];

function valueAt(structure: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), structure);
}

/** What is wrong with settings of containerd that can be read. */
export function validateContainerd({ runtimes, settings }: ContainerdSettings, place: PlaceOf): Finding[] {
  const finding = (rule: string, path: readonly string[], problem: string, remedy: string): Finding => {
    const { name, hosts } = place("containerd", path);
    return { rule, kind: "input", hosts, message: `${name} ${problem}`, remedy };
  };
  const known = new Set(sections);
  const plugins = settings["plugins"];
  const disabled: unknown = settings["disabled_plugins"];
  const needed = Array.isArray(disabled)
    ? disabled.filter((id) => /^(io\.containerd\.(cri|grpc)\.v1.*|cri)$/.test(String(id)))
    : [];
  const chosenPath = ["plugins", runtimePlugin, "containerd", "default_runtime_name"];
  const chosen = valueAt(settings, chosenPath);
  const chosenName = chosen === undefined ? "runc" : JSON.stringify(chosen).replaceAll('"', "");
  const chosenIsMissing = chosenName !== "runc" && !Object.hasOwn(runtimes, chosenName);
  return [
    ...relied
      .filter(([path]) => valueAt(settings, path) !== undefined)
      .map(([path, instead]) =>
        finding("relied-on", ["settings", ...path], "is not what Plinth sets and the rest of it goes by", instead),
      ),
    ...Object.keys(settings)
      .filter((name) => !known.has(name))
      .map((name) =>
        finding("containerd", ["settings", name], "is unknown to containerd", `use ${sections.join(", ")}`),
      ),
    ...(plugins === undefined || isObject(plugins)
      ? Object.keys(plugins ?? {})
          .filter((name) => !/^io\.containerd\.[a-z0-9-]+\.v\d+\.[a-z0-9_-]+$/.test(name))
          .map((name) =>
            finding(
              "containerd",
              ["settings", "plugins", name],
              "is no plugin",
              `name it in full, such as ${runtimePlugin}`,
            ),
          )
      : [finding("containerd", ["settings", "plugins"], "is no map", "name plugins and their settings")]),
    ...(needed.length === 0
      ? []
      : [
          finding(
            "relied-on",
            ["settings", "disabled_plugins"],
            `has ${needed.join(", ")}, which the kubelet asks`,
            "remove it",
          ),
        ]),
    ...(chosenIsMissing
      ? [
          finding(
            "containerd",
            ["settings", ...chosenPath],
            `is ${chosenName}, which is none of the runtimes there`,
            "add it to runtimes of containerd in the same place",
          ),
        ]
      : []),
    ...Object.entries(runtimes).flatMap(([name, { runtimeClass, nodeSelector }]) => [
      ...(name === "runc"
        ? [finding("relied-on", ["runtimes", name], "is Plinth's own", "give yours another name")]
        : []),
      ...(!runtimeClass && Object.keys(nodeSelector).length > 0
        ? [
            finding(
              "containerd",
              ["runtimes", name, "nodeSelector"],
              "is set, and there is no RuntimeClass that it is for",
              "set runtimeClass: true, or remove it",
            ),
          ]
        : []),
    ]),
  ];
}

/** Whether anything is laid over Plinth's configuration. */
export function hasContainerdSettings({ runtimes, settings }: ContainerdSettings): boolean {
  return Object.keys(runtimes).length + Object.keys(settings).length > 0;
}

const runcType = "io.containerd.runc.v2";

/**
 * What is laid over Plinth's configuration, as containerd has it.
 *
 * @param systemdCgroup of runtimes with runc's shim, which have to agree with the kubelet.
 */
export function containerdOverlay(
  { runtimes, settings }: ContainerdSettings,
  systemdCgroup: boolean,
): Record<string, unknown> {
  const tables = Object.entries(runtimes).map(([name, { type, binary, options }]) => {
    const own =
      type === runcType
        ? { ...(binary === undefined ? {} : { BinaryName: binary }), SystemdCgroup: systemdCgroup }
        : {};
    const shim = type === runcType || binary === undefined ? {} : { runtime_path: binary };
    return [name, { runtime_type: type, ...shim, options: { ...own, ...options } }] as const;
  });
  const plugins = isObject(settings["plugins"]) ? settings["plugins"] : {};
  const theirs = isObject(plugins[runtimePlugin]) ? plugins[runtimePlugin] : {};
  const containerd = isObject(theirs["containerd"]) ? theirs["containerd"] : {};
  const cri = { ...theirs, containerd: { ...containerd, runtimes: Object.fromEntries(tables) } };
  return {
    version: 3,
    ...settings,
    ...(tables.length === 0 ? {} : { plugins: { ...plugins, [runtimePlugin]: cri } }),
  };
}
