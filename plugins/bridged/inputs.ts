import type { CheckFailure } from "../provider/types.ts";
import { isMap, isUnknown, plain, type PropertyMap, type PropertyValue } from "../provider/values.ts";
import type { Attribute, AttributeType, BridgedResource } from "./schema.ts";

/** Says what is wrong with the inputs; unknown values are taken on trust until they are known. */
export function checkInputs(resource: BridgedResource, inputs: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const known: PropertyMap = {};
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    if (attribute.role === "computed") {
      continue;
    }
    const value = inputs[name] === undefined ? null : plain(inputs[name]);
    if (value === null) {
      if (attribute.role === "required") {
        failures.push({ property: name, reason: `Missing required property '${name}'.` });
      }
    } else if (!isUnknown(value)) {
      const converted = convert(attribute.type, value);
      if (converted === undefined) {
        failures.push({ property: name, reason: `${name} must be ${DESCRIPTION[attribute.type]}.` });
      } else {
        known[name] = converted;
      }
    }
  }
  for (const [name, value] of Object.entries(known)) {
    const reason = resource.attributes[name]?.check?.(value, known);
    if (reason !== undefined) {
      failures.push({ property: name, reason });
    }
  }
  const reason = failures.length === 0 ? resource.checkAll?.(known) : undefined;
  return reason === undefined ? failures : [{ property: "", reason }];
}

/** Known inputs and state in their attribute's type, without marks, nulls, and what is no attribute. */
export function normalize(resource: BridgedResource, properties: PropertyMap): PropertyMap {
  const result: PropertyMap = {};
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    const value = normalized(attribute, properties[name]);
    if (value !== undefined) {
      result[name] = value;
    }
  }
  return result;
}

function normalized(attribute: Attribute, value: PropertyValue | undefined): PropertyValue | undefined {
  if (value === undefined) {
    return undefined;
  }
  const bare = plain(value);
  return bare === null ? undefined : isUnknown(bare) ? bare : (convert(attribute.type, bare) ?? bare);
}

const DESCRIPTION: Record<AttributeType, string> = {
  string: "a string",
  int: "a whole number",
  number: "a number",
  bool: "true or false",
  strings: "a list of strings",
  stringMap: "a map of strings",
  object: "an object",
};

/** The value in the wanted type, or undefined when it is not one. Text of a number or a boolean is taken for it. */
function convert(type: AttributeType, value: PropertyValue): PropertyValue | undefined {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : scalarText(value);
    case "int": {
      const number = numberIn(value);
      return Number.isInteger(number) ? number : undefined;
    }
    case "number":
      return numberIn(value);
    case "bool":
      return value === "true" ? true : value === "false" ? false : typeof value === "boolean" ? value : undefined;
    case "strings":
      return Array.isArray(value) ? allStrings(value) : undefined;
    case "stringMap": {
      if (!isMap(value)) {
        return undefined;
      }
      const values = allStrings(Object.values(value));
      return values && Object.fromEntries(Object.keys(value).map((key, index) => [key, values[index] ?? ""]));
    }
    case "object":
      return isMap(value) ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)) : undefined;
  }
}

function numberIn(value: PropertyValue): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function allStrings(values: PropertyValue[]): string[] | undefined {
  const texts = values.map((value) => (typeof value === "string" ? value : scalarText(value)));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function scalarText(value: PropertyValue): string | undefined {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
