import type { ClusterConfig } from "../config.ts";

/**
 * Keys of the configuration that roles are not given: they are secrets, or have some in them. What a role makes of its configuration stands in
 * texts that anybody may read.
 */
export const roleHidden = ["backup", "notices", "proxy", "registryCredentials", "secrets", "sudoPassword"] as const;

/** A configuration as roles are given it. */
export type RoleConfig = Omit<ClusterConfig, (typeof roleHidden)[number]>;

/** A configuration without what is secret: a role gets its secrets by name alone. */
export function openConfig(config: ClusterConfig): RoleConfig {
  const hidden: readonly string[] = roleHidden;
  return Object.fromEntries(Object.entries(config).filter(([key]) => !hidden.includes(key))) as RoleConfig;
}
