import type { BundleDirectory, BundleUser } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Listener } from "../facts.ts";
import type { Host } from "../inventory.ts";
import type { OperatorTexts } from "../operatorfiles.ts";
import type { Surroundings } from "../surroundings.ts";
import type { PartContent } from "./content.ts";

/** Where a part is planned for. */
export interface Placement {
  host: Host;
  /** All hosts of the stack, in the order of the inventory. */
  hosts: readonly Host[];
  /** As it is for the host (`configFor`): parts are given that, whatever a bundle is planned with. */
  config: ClusterConfig;
  /** Files of the operator's machine. Default: none, where only names of what is planned are asked for. */
  texts?: OperatorTexts;
  /** See `joinedAnewAt` in plan/rejoining.ts. Default: the host's kubelet has its first certificate, or those that it has renewed itself. */
  joinedAnew?: number | undefined;
  /** What the host has found around itself. Default: `plainSurroundings`. */
  surroundings?: Surroundings;
}

/** A port that a unit of ours listens on. */
export interface Socket {
  protocol: Listener["protocol"];
  /** `*`: all of the host's. */
  address: string;
  port: number;
  unit: string;
  /** Who needs the port, for findings. Default: the unit without `.service`. */
  what?: string;
}

/** One service or piece of configuration: everything about it stands in the file that exports this. */
export interface BundlePart {
  /** Unique within a bundle; for messages and `startsAfter`. */
  name: string;
  /** Which hosts of its bundle get it. Default: all of them. */
  appliesTo?: (host: Host, config: ClusterConfig) => boolean;
  /** Other parts whose units are restarted, and whose checks are made, before this one's. Default: those listed before it. */
  startsAfter?: readonly string[];
  users?: readonly BundleUser[];
  directories?: readonly BundleDirectory[] | ((config: ClusterConfig) => readonly BundleDirectory[]);
  /** The ports that its units listen on. Asked before anything is known to be right, so it never fails. */
  listens?: (host: Host, config: ClusterConfig) => readonly Socket[];
  /** See `Bundle` in plan/bundle.ts. Default: changes stay. */
  confirm?: number;
  /** What a host gets. Asked only where inventory and configuration are right. */
  plan: (placement: Placement) => PartContent;
}

/** The directories of a part on a host. */
export function directoriesOfPart({ directories = [] }: BundlePart, config: ClusterConfig): readonly BundleDirectory[] {
  return typeof directories === "function" ? directories(config) : directories;
}

/** Parents of what nearly every service of Kubernetes has; parts share them. */
export const kubernetesDirectories: readonly BundleDirectory[] = [
  { path: "/etc/kubernetes", mode: "0755", owner: "root:root" },
  { path: "/etc/kubernetes/pki", mode: "0755", owner: "root:root" },
];
