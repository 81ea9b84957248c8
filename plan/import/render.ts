import { configKeys, structuredKeys } from "../config.ts";
import { namespace } from "../stackconfig.ts";
import { renderYamlInOrder } from "../yaml.ts";
import type { Imported } from "./imported.ts";

/** Columns of a line, as the project's formatter has them. */
const width = 120;

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
 * `hosts/<stack>.ts`, formatted as the rest of the project.
 *
 * @param from where the inventory comes from.
 */
export function renderHosts(imported: Imported, { stack, from }: { stack: string; from: string }): string {
  return [
    'import type { HostInput } from "plinth/inventory";',
    "",
    `/** Imported from ${from.replaceAll("*/", "* /")}; import-${stack}.md says what was taken and what was not. */`,
    "export default [",
    ...hostLines(imported).map((host) => `${indented(host, 2)},`),
    "] satisfies HostInput[];",
    "",
  ].join("\n");
}

const isName = (key: string): boolean => /^[A-Za-z_$][\w$]*$/.test(key);

/** A value as source code in one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  const quoted = entries.some(([key]) => !isName(key));
  const fields = entries.map(([key, one]) => `${quoted && !isName(key) ? JSON.stringify(key) : key}: ${inline(one)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** The same, in several lines where one is too long. */
function indented(value: unknown, indent: number, before = 0): string {
  const blanks = " ".repeat(indent);
  const line = inline(value);
  if (indent + before + line.length + 1 <= width || typeof value !== "object" || value === null)
    return before === 0 ? `${blanks}${line}` : line;
  const inner = " ".repeat(indent + 2);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const parts = Array.isArray(value)
    ? value.map((one: unknown) => `${indented(one, indent + 2)},`)
    : Object.entries(value).map(([key, one]) => {
        const name = `${isName(key) ? key : JSON.stringify(key)}: `;
        return `${inner}${name}${indented(one, indent + 2, name.length)},`;
      });
  return [`${before === 0 ? blanks : ""}${open}`, ...parts, `${blanks}${close}`].join("\n");
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
