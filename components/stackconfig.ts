import * as pulumi from "@pulumi/pulumi";
import { structuredKeys } from "../plan/config.ts";

/**
 * The `plinth:` values of the running stack, keys without the prefix. Lists and maps are parsed; a value that is not
 * valid JSON where a list or map belongs is passed on as text, so that the schema names it.
 */
export function readStackConfig(): Record<string, unknown> {
  const prefix = "plinth:";
  const entries = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]): [string, unknown] => [key.slice(prefix.length), value])
    .map(([key, value]): [string, unknown] => [key, structuredKeys.includes(key) ? parsed(String(value)) : value]);
  return Object.fromEntries(entries);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
