/** Columns of a line, as the project's formatter has them. */
const width = 120;

/** How `hosts/<stack>.ts` is written. */
export interface HostsFile {
  /** What stands above the hosts, a sentence. */
  comment: string;
  /** Whether the project has `roles/index.ts`: hosts are checked against the parameters of its roles then. */
  withRoles: boolean;
}

/** The text of `hosts/<stack>.ts`, with one line for one host where it fits into one. */
export function renderHostsFile(hosts: readonly object[], { comment, withRoles }: HostsFile): string {
  return [
    ...(withRoles
      ? ['import type { HostWith } from "plinth/roles";', 'import type { roles } from "../roles/index.ts";']
      : ['import type { HostInput } from "plinth/inventory";']),
    "",
    `/** ${comment.replaceAll("*/", "* /")} */`,
    "export default [",
    ...hosts.map((host) => `${indented(host, 2)},`),
    `] satisfies ${withRoles ? "HostWith<typeof roles>" : "HostInput"}[];`,
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
