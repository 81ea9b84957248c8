import { equal, type PropertyMap, type PropertyValue, UNKNOWN } from "../provider/values.ts";
import type { Attribute, BridgedResource, Plan } from "./schema.ts";

/**
 * What the state will be: configured values, defaults, values carried over, and unknowns. The steps and their order are
 * those of Terraform's plugin framework, because which attribute shows as changed or replaced depends on them.
 */
export function plan(resource: BridgedResource, prior: PropertyMap | undefined, config: PropertyMap): Plan {
  const planned: PropertyMap = {};
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    const value = firstValue(attribute, config[name], prior?.[name]);
    if (value !== undefined) {
      planned[name] = value;
    }
  }
  const result: Plan = { prior, config, planned, replaces: new Set() };
  resource.adjust?.(result);
  if (prior === undefined || changedKeys(result).length > 0) {
    markComputed(resource, result);
  }
  if (prior !== undefined) {
    for (const name of changedKeys(result)) {
      const rule = resource.attributes[name]?.replace;
      if (rule === true || (rule !== undefined && rule({ prior: prior[name], config: config[name] }))) {
        result.replaces.add(name);
      }
    }
  }
  resource.modify?.(result);
  return result;
}

/** Attributes whose planned value differs from the state, sorted. */
export function changedKeys({ prior = {}, planned }: Plan): string[] {
  const names = new Set([...Object.keys(prior), ...Object.keys(planned)]);
  return [...names].filter((name) => planned[name] === UNKNOWN || !equal(prior[name], planned[name])).sort();
}

function firstValue(
  attribute: Attribute,
  config: PropertyValue | undefined,
  prior: PropertyValue | undefined,
): PropertyValue | undefined {
  if (config !== undefined && attribute.role !== "computed") {
    return config;
  }
  return attribute.default ?? (isComputed(attribute) ? prior : undefined);
}

/** Once something changes, computed values without a rule to carry them over are unknown until it is done. */
function markComputed(resource: BridgedResource, { prior, config, planned }: Plan): void {
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    const computed = isComputed(attribute) && attribute.default === undefined && config[name] === undefined;
    if (computed && (attribute.volatile === true || (prior === undefined && planned[name] === undefined))) {
      planned[name] = UNKNOWN;
    }
  }
}

function isComputed(attribute: Attribute): boolean {
  return attribute.role === "computed" || attribute.filledIn === true;
}
