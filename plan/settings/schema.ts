import { z } from "zod";
import { containerdLayerSchema } from "../containerdsettings.ts";
import { extraArgs, labelName, labelValue, parameterValue, refineLines } from "../texts.ts";
import { parametersSchema } from "../roles/shape.ts";
import { directoriesSchema } from "./directories.ts";

/** A structure that is merged over one of Kubernetes' own configuration files. */
export const overlay = z.record(z.string(), z.unknown()).superRefine(refineLines);

/** Kernel parameters; an empty value leaves one alone. */
export const sysctls = z.record(
  z.string().regex(/^[a-z0-9_]+(\.[A-Za-z0-9_*/-]+)+$/, "must be a kernel parameter"),
  parameterValue,
);

const layer = {
  /** Merged over Plinth's KubeletConfiguration: reserved resources, eviction, maxPods, … */
  kubeletConfig: overlay.optional(),
  /** Flags of the kubelet that its configuration file does not have. */
  kubeletArgs: extraArgs.optional(),
  /** Merged over Plinth's KubeProxyConfiguration. */
  kubeProxyConfig: overlay.optional(),
  /** Flags of kube-proxy that its configuration file does not have. */
  kubeProxyArgs: extraArgs.optional(),
  /** Flags of flannel. */
  flannelArgs: extraArgs.optional(),
  /** Kernel parameters, merged over Plinth's. */
  sysctls: sysctls.optional(),
  /** Runtimes besides runc, and settings that are laid over Plinth's configuration of containerd. */
  containerd: containerdLayerSchema.optional(),
  /** Where data is that grows, see `defaultDirectories`. */
  directories: directoriesSchema.optional(),
  /** No host has one of its own. */
  mtu: z
    .undefined("is one for all Nodes, whose packets must fit in each other's links: set plinth:mtu for the cluster")
    .optional(),
};

/** What a host, or a group of hosts, can have for itself. Everything is laid over what the stack has. */
export const settingsSchema = z.strictObject(layer);

export type Settings = z.output<typeof settingsSchema>;
/** Keys of the configuration that hosts and groups can have for themselves. */
export type SettingKey = Exclude<keyof Settings, "mtu"> | "parameters";
export const settingKeys = [...Object.keys(layer), "parameters"].filter((key): key is SettingKey => key !== "mtu");

/** Hosts by labels of the inventory, and what they have for themselves. */
export const groupSchema = z.strictObject({
  /**
   * Labels, all of which a host must have: those of the inventory, and those that its Node gets by its roles, region, zone and rack
   * (`node-role.kubernetes.io/worker: ""`, `topology.kubernetes.io/zone`, `topology.plinth/rack`, …).
   */
  selector: z
    .record(labelName, labelValue)
    .refine((labels) => Object.keys(labels).length > 0, "must have at least one label"),
  ...layer,
  /** Parameters of the project's roles, by role. */
  parameters: parametersSchema.optional(),
});

export type Group = z.output<typeof groupSchema>;
