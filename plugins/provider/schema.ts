import type { ProviderDefinition } from "./types.ts";

/** A package schema that names the resources and functions; programs take their types from the official SDKs. */
export function packageSchema(definition: ProviderDefinition): object {
  const names = (tokens: string[]): Record<string, object> => Object.fromEntries(tokens.map((token) => [token, {}]));
  return {
    name: definition.name,
    version: definition.version,
    config: {},
    provider: {},
    resources: names(Object.keys(definition.resources)),
    functions: names(Object.keys(definition.invokes ?? {})),
  };
}
