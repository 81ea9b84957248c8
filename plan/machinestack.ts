import { validateAddresses } from "./addressrules.ts";
import { clusterKeys, parseConfig, withRoles, type ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { parseInventory, roles as clusterRoles, type Host } from "./inventory.ts";
import { settingsOtherThan } from "./pool.ts";
import type { RawConfig } from "./rawconfig.ts";
import { askedRoles, roleFindings } from "./roles/findings.ts";
import type { RoleShape } from "./roles/shape.ts";
import { validateMachines, validateSharing } from "./validate.ts";

/** Under which name machines are claimed where no cluster has one. */
const defaultName = "machines";

/** Of a cluster's keys, the one that a stack of machines may have: hosts are claimed with it. */
const ownKeys: readonly string[] = ["clusterName"];

/** What the rest of the program reads of a cluster's settings without a default, and nothing of a stack of machines follows. */
const standIns = { nodeSubnet: "192.0.2.0/24" };

/**
 * Whether an inventory, as it is written, has machines alone: none of its hosts has a role of a cluster.
 *
 * As it is written, because a host that is not well formed may have one all the same.
 */
export function isMachineStack(inventory: unknown): boolean {
  if (!Array.isArray(inventory) || inventory.length === 0) return false;
  return inventory.every((host: unknown) => {
    const roles: unknown = typeof host === "object" && host !== null && "roles" in host ? host.roles : undefined;
    return !Array.isArray(roles) || !roles.some((role) => (clusterRoles as readonly unknown[]).includes(role));
  });
}

/**
 * Reads and checks what a stack of machines asks for.
 *
 * @param roles of the project.
 */
export function checkMachines(
  inventory: unknown,
  rawConfig: RawConfig,
  roles: readonly RoleShape[],
): { hosts: Host[]; config: ClusterConfig | undefined; findings: Finding[] } {
  const { hosts, findings: inventoryFindings } = parseInventory(
    inventory,
    1,
    roles.map(({ name }) => name),
  );
  const foreign = settingsOtherThan(rawConfig, undefined).filter((key) => !ownKeys.includes(key));
  const own = Object.fromEntries(
    Object.entries(rawConfig).filter(
      ([key, value]) => !clusterKeys.includes(key) || (ownKeys.includes(key) && value !== ""),
    ),
  );
  const parsed = parseConfig({ clusterName: defaultName, ...own, ...standIns });
  const asked = askedRoles(hosts, roles);
  const config =
    parsed.config === undefined
      ? undefined
      : withRoles({ ...parsed.config, machinesOnly: true as const }, asked.usable);
  const findings = [
    ...inventoryFindings,
    ...validateSharing(hosts),
    ...validateMachines(hosts),
    ...parsed.findings,
    ...validateAddresses(hosts, undefined),
    ...(foreign.length === 0 ? [] : [clusterSettings(foreign)]),
    ...asked.findings,
  ];
  if (config !== undefined && asked.findings.length === 0)
    findings.push(...roleFindings(hosts, config, { unread: parsed.unread, usable: findings.length === 0 }));
  return { hosts, config, findings };
}

/** Whoever has forgotten the roles of a cluster has its settings. */
function clusterSettings(keys: readonly string[]): Finding {
  return {
    rule: "machine-setting",
    kind: "input",
    hosts: [],
    message: `${keys.map((key) => `plinth:${key}`).join(", ")} ${keys.length === 1 ? "is" : "are"} for a cluster, and no host of the inventory has a role of one`,
    remedy: `give hosts the roles ${clusterRoles.join(", ")}, or remove ${keys.length === 1 ? "the setting" : "the settings"}: machines need none of them`,
  };
}
