import type { Assigned, Assignments } from "./groups.ts";
import type { Found } from "./sources.ts";
import { resolved } from "./templates.ts";
import type { Value } from "./values.ts";

/** A host of the inventory, with what Ansible would give it. */
export interface AnsibleHost {
  name: string;
  /** Its groups but `all`, what counts least first. */
  groups: readonly string[];
  /** Every variable with its effective value; references to other variables are replaced. */
  variables: ReadonlyMap<string, Assigned>;
}

/**
 * The hosts of an inventory with the variables that Ansible would give each: of the inventory's files the groups from `all` down, then
 * `group_vars/all`, then `group_vars` of the groups, then what the inventory says of the host, then `host_vars`, and what is given for
 * everything at last. Beside the playbooks wins over beside the inventory.
 */
export function effectiveHosts(found: Found): AnsibleHost[] {
  const { groups, groupVars, hostVars, playbookGroupVars, playbookHostVars, extra } = found;
  const memberships = groups.memberships();
  return groups.hosts.map((name) => {
    const mine = memberships.get(name) ?? [];
    const layers: (Assignments | undefined)[] = [
      groups.group("all").variables,
      ...mine.map((group) => groups.group(group).variables),
      groupVars.get("all"),
      playbookGroupVars.get("all"),
      ...mine.map((group) => groupVars.get(group)),
      ...mine.map((group) => playbookGroupVars.get(group)),
      groups.variablesOf(name),
      hostVars.get(name),
      playbookHostVars.get(name),
      extra.variables,
    ];
    const all = new Map<string, Assigned>(layers.flatMap((layer) => [...(layer ?? [])]));
    return { name, groups: mine, variables: resolvedAll(name, mine, all) };
  });
}

function resolvedAll(
  name: string,
  groups: readonly string[],
  all: ReadonlyMap<string, Assigned>,
): Map<string, Assigned> {
  const own: Readonly<Record<string, Value>> = {
    inventory_hostname: name,
    inventory_hostname_short: name.split(".")[0] ?? name,
    group_names: [...groups],
    ansible_host: name,
  };
  const lookUp = (variable: string): Value | undefined =>
    all.get(variable)?.value ?? (Object.hasOwn(own, variable) ? own[variable] : undefined);
  return new Map([...all].map(([variable, { value, where }]) => [variable, { value: resolved(value, lookUp), where }]));
}
