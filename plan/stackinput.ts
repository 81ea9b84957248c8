import { validateAddresses } from "./addressrules.ts";
import { parseConfig, type ClusterConfig } from "./config.ts";
import type { Finding } from "./findings.ts";
import { parseInventory, type Host } from "./inventory.ts";
import { checkPool, isPool } from "./pool.ts";
import type { RawConfig } from "./rawconfig.ts";
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
 * Reads and checks an inventory and a configuration together. Of a pool's stack what can be judged without its cluster.
 *
 * @param inventory the default export of `hosts/<stack>.ts`.
 * @param rawConfig as `readConfig` has it.
 */
export function checkInput(inventory: unknown, rawConfig: RawConfig): CheckedInput {
  if (isPool(rawConfig)) return checkPool(inventory, rawConfig);
  const { hosts, findings: inventoryFindings } = parseInventory(inventory);
  const { config, findings: configFindings } = parseConfig(rawConfig);
  const clusterFindings = config === undefined ? [] : validateCluster(hosts, config);
  return {
    hosts,
    config,
    findings: [
      ...inventoryFindings,
      ...validateInventory(hosts),
      ...configFindings,
      ...validateAddresses(hosts, config),
      ...clusterFindings,
    ],
  };
}
