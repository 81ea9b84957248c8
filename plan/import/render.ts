import { configKeys, structuredKeys } from "../config.ts";
import { renderHostsFile } from "../hostsfile.ts";
import { namespace } from "../stackconfig.ts";
import { renderYamlInOrder } from "../yaml.ts";
import type { Imported } from "./imported.ts";

/** Fields of a host in the order in which people read them. */
const order = [
  "name",
  "address",
  "roles",
  "sshAddress",
  "user",
  "port",
  "bastion",
  "interface",
  "region",
  "zone",
  "rack",
  "labels",
  "annotations",
  "taints",
  "settings",
];

/** The hosts as `hosts/<stack>.ts` exports them. */
export function hostLines({ hosts }: Imported): Record<string, unknown>[] {
  return hosts.map(({ name, roles, line }) => {
    const all: Record<string, unknown> = { ...line, name, roles };
    return Object.fromEntries(order.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]));
  });
}

/**
 * `hosts/<stack>.ts`.
 *
 * @param from where the inventory comes from.
 * @param withRoles whether the project has roles of its own, see `renderHostsFile`.
 */
export function renderHosts(
  imported: Imported,
  { stack, from, withRoles }: { stack: string; from: string; withRoles: boolean },
): string {
  const comment = `Imported from ${from}; import-${stack}.md says what was taken and what was not.`;
  return renderHostsFile(hostLines(imported), { comment, withRoles });
}

/** The stack's configuration as its file has it: numbers and flags of single values are texts. */
export function configValues({ config }: Imported): Record<string, unknown> {
  const keys = configKeys.filter((key) => config[key] !== undefined);
  return Object.fromEntries(
    keys.map((key) => {
      const value = config[key];
      return [
        `${namespace}:${key}`,
        structuredKeys.includes(key) || typeof value === "object"
          ? value
          : typeof value === "string"
            ? value
            : JSON.stringify(value),
      ];
    }),
  );
}

/** `Pulumi.<stack>.yaml`. */
export function renderStackFile(imported: Imported, { stack, from }: { stack: string; from: string }): string {
  const config = renderYamlInOrder({ config: configValues(imported) });
  return `# Imported from ${from.replaceAll(/[\r\n]/g, " ")}; import-${stack}.md says what was taken and what was not.\n${config}`;
}
