import { isObject } from "./merge.ts";

/** Keys and texts: JSON's strings are TOML's where they are one line of printable characters. */
const quote = (text: string): string => JSON.stringify(text);

const keyOf = (name: string): string => (/^[\w-]+$/.test(name) ? name : quote(name));

function valueOf(value: unknown): string {
  if (Array.isArray(value)) return `[${(value as unknown[]).map(valueOf).join(", ")}]`;
  if (isObject(value))
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${keyOf(name)} = ${valueOf(inner)}`)
      .join(", ")} }`;
  return typeof value === "string" ? quote(value) : String(value);
}

/**
 * A structure of maps, lists, texts, numbers and flags as TOML.
 *
 * @param above the keys that lead to it.
 */
export function renderToml(structure: Readonly<Record<string, unknown>>, above: readonly string[] = []): string {
  const entries = Object.entries(structure).filter(([, value]) => value !== undefined);
  const plain = entries
    .filter(([, value]) => !isObject(value))
    .map(([name, value]) => `${keyOf(name)} = ${valueOf(value)}\n`);
  const tables = entries.flatMap(([name, value]) => {
    if (!isObject(value)) return [];
    const path = [...above, name];
    const empty = Object.keys(value).length === 0 || Object.values(value).some((inner) => !isObject(inner));
    return [empty ? `\n[${path.map(keyOf).join(".")}]\n` : "", renderToml(value, path)];
  });
  return [...plain, ...tables].join("");
}
