import { sysctlFindings } from "../bundles/baseline.ts";
import type { ClusterConfig } from "../config.ts";
import { validateContainerd } from "../containerdsettings.ts";
import type { Finding } from "../findings.ts";
import { validateProxyMode } from "../kubeproxymode.ts";
import { validateArguments } from "./arguments.ts";
import { validateDirectories } from "./directories.ts";
import type { PlaceOf } from "./place.ts";

/** What is wrong with settings that hosts and groups can have for themselves, as they are for one host or for the stack. */
export function validateSettings(config: ClusterConfig, place: PlaceOf): Finding[] {
  return [
    ...validateProxyMode(config, place),
    ...validateContainerd(config.containerd, place),
    ...validateArguments(config, place),
    ...validateDirectories(config, place),
    ...sysctlFindings(config, place),
  ];
}
