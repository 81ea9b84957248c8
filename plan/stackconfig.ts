import { structuredKeys } from "./config.ts";
import type { RawConfig } from "./rawconfig.ts";

/** Namespace of our keys in a stack's configuration. */
export const namespace = "plinth";

/**
 * Reads the configuration of a stack. The one reader for the program, to which the engine gives every value as text and
 * every secret in clear, and for `./plinth`, which reads the files before the engine runs.
 *
 * A value that is not valid JSON where a list or map belongs stays text, so that the schema names it.
 *
 * @param values `NAMESPACE:KEY` → value, as the engine or the files have it.
 */
export function readConfig(values: Readonly<Record<string, unknown>>): RawConfig {
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]): [string, unknown] => [key.slice(prefix.length), value])
      .map(([key, value]) => [key, structuredKeys.includes(key) ? structureOf(value) : textOf(value)]),
  );
}

function structureOf(value: unknown): unknown {
  if (typeof value !== "string") return value ?? "";
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** As the engine hands it on: numbers and flags of a file are text, and a key without a value is an empty one. */
function textOf(value: unknown): unknown {
  if (value === null || value === undefined) return "";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}
