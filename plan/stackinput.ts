import { validateAddresses } from "./addressrules.ts";
import { parseConfig, withRoles, type ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { parseInventory, type Host } from "./inventory.ts";
import { checkMachines, isMachineStack } from "./machinestack.ts";
import { checkPool, isPool } from "./pool.ts";
import type { RawConfig } from "./rawconfig.ts";
import { askedRoles, roleFindings, roleListFindings } from "./roles/findings.ts";
import type { RoleShape } from "./roles/shape.ts";
import { validateCluster, validateInventory } from "./validate.ts";

/** What a stack asks for, as far as it can be read without any host. */
export interface CheckedInput {
  /** The hosts that are well formed. */
  hosts: Host[];
  /** Undefined when the configuration lacks too much to be judged. */
  config: ClusterConfig | undefined;
  /** Everything that is wrong. Hosts and configuration are usable only when this is empty. */
  findings: Finding[];
}

/**
 * Reads and checks an inventory and a configuration together. Of a pool's stack what can be judged without its cluster; a stack without any
 * host of a cluster is one of machines.
 *
 * @param inventory the default export of `hosts/<stack>.ts`.
 * @param rawConfig as `readConfig` has it.
 * @param roles of the project.
 */
export function checkInput(inventory: unknown, rawConfig: RawConfig, roles: readonly RoleShape[] = []): CheckedInput {
  const listFindings = roleListFindings(roles);
  if (listFindings.length > 0) return { hosts: [], config: undefined, findings: listFindings };
  if (isPool(rawConfig)) return checkPool(inventory, rawConfig, undefined, roles);
  if (isMachineStack(inventory)) return checkMachines(inventory, rawConfig, roles);
  const names = roles.map(({ name }) => name);
  const { hosts, findings: inventoryFindings } = parseInventory(inventory, 1, names);
  const { config: parsed, findings: configFindings, unread } = parseConfig(rawConfig);
  const asked = askedRoles(hosts, roles);
  const config = parsed === undefined ? undefined : withRoles(parsed, asked.usable);
  const clusterFindings = config === undefined ? [] : validateCluster(hosts, config);
  const findings = [
    ...inventoryFindings,
    ...validateInventory(hosts),
    ...configFindings,
    ...validateAddresses(hosts, config),
    ...clusterFindings,
    ...asked.findings,
  ];
  if (config !== undefined && asked.findings.length === 0)
    findings.push(...roleFindings(hosts, config, { unread, usable: findings.length === 0 }));
  return { hosts, config, findings };
}
