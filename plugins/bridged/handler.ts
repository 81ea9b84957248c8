import type { ReadResult, ResourceHandler } from "../provider/types.ts";
import { isUnknown, plainMap, type PropertyMap, secret, UNKNOWN } from "../provider/values.ts";
import type { Adoptions } from "./adoptions.ts";
import { checkInputs, normalize } from "./inputs.ts";
import { changedKeys, plan } from "./plan.ts";
import type { BridgedResource } from "./schema.ts";

/**
 * Serves a bridged resource type: the same answers as the official plugin, which wraps a Terraform provider.
 *
 * @param adoptions what exists already, and is taken over where it would be created. Default: nothing.
 */
export function bridged(resource: BridgedResource, adoptions?: Adoptions): ResourceHandler {
  const planFor = (olds: PropertyMap, news: PropertyMap): ReturnType<typeof plan> =>
    plan(resource, normalize(resource, olds), inputsOnly(resource, normalize(resource, news)));

  return {
    check: (news) => ({ inputs: markSecrets(resource, plainMap(news)), failures: checkInputs(resource, news) }),

    diff: ({ olds, news }) => {
      const result = planFor(olds, news);
      return { changed: changedKeys(result), replaces: [...result.replaces].sort() };
    },

    create: async (inputs, preview, context) => {
      const { planned } = plan(resource, undefined, inputsOnly(resource, normalize(resource, inputs)));
      if (preview) {
        return { id: "", properties: markSecrets(resource, planned, true) };
      }
      const given = Object.fromEntries(Object.entries(planned).filter(([, value]) => value !== UNKNOWN));
      const { id, computed } =
        adoptions?.adopt(context, (text) => resource.adopt?.(text, given)) ??
        (await resource.create(given, context.warn));
      return { id, properties: outputs(resource, { ...given, ...computed }) };
    },

    update: ({ olds, news }, preview) => {
      const { planned } = planFor(olds, news);
      return Promise.resolve(preview ? markSecrets(resource, planned, true) : outputs(resource, planned));
    },

    delete: () => Promise.resolve(), // There is nothing outside of the state.

    read: (id, properties, inputs) => Promise.resolve(read(resource, id, properties, inputs)),
  };
}

function read(resource: BridgedResource, id: string, properties: PropertyMap, inputs: PropertyMap): ReadResult {
  if (Object.keys(properties).length > 0) {
    const state = normalize(resource, properties);
    const refreshed = resource.refresh?.(state) ?? state;
    return { id, properties: outputs(resource, refreshed), inputs: markSecrets(resource, inputs) };
  }
  if (resource.import === undefined) {
    throw new Error("This resource cannot be imported: what it made exists in the state alone. Create it instead.");
  }
  const imported = resource.import(id);
  const state = outputs(resource, imported.state);
  const given = Object.entries(inputsOnly(resource, imported.state));
  // As the bridge does: zero values of optional inputs are taken for unset.
  return { id: imported.id, properties: state, inputs: Object.fromEntries(given.filter(([, value]) => value !== 0)) };
}

function inputsOnly(resource: BridgedResource, values: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(values).filter(([name]) => resource.attributes[name]?.role !== "computed"));
}

function outputs(resource: BridgedResource, state: PropertyMap): PropertyMap {
  const marked = markSecrets(resource, state);
  return resource.schemaVersion === undefined
    ? marked
    : { ...marked, __meta: JSON.stringify({ schema_version: String(resource.schemaVersion) }) };
}

/** Marks the values of secret attributes. In previews an unknown one stays bare, as the bridge has it. */
function markSecrets(resource: BridgedResource, values: PropertyMap, bareUnknowns = false): PropertyMap {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const mark = resource.attributes[name]?.secret === true && !(bareUnknowns && isUnknown(value));
      return [name, mark ? secret(value) : value];
    }),
  );
}
