import type { ProviderDefinition } from "./types.ts";

/** A package schema that names the resources; programs take their types from the official SDKs. */
export function packageSchema(definition: ProviderDefinition): object {
  return {
    name: definition.name,
    version: definition.version,
    config: {},
    provider: {},
    resources: Object.fromEntries(Object.keys(definition.resources).map((token) => [token, {}])),
  };
}
