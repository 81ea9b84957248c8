import type { CheckFailure } from "../provider/types.ts";
import { isMap, isSecret, isUnknown, peel, type PropertyMap, type PropertyValue, secret } from "../provider/values.ts";

type FieldType = "string" | "number" | "boolean" | "stringMap" | "list" | Fields;

/** One input. */
export interface Field {
  type: FieldType;
  required?: true;
  /** Marked secret whatever the program says. */
  secret?: true;
  default?: PropertyValue;
  /** Accepted texts. */
  oneOf?: readonly string[];
}

/** Inputs by name. */
export interface Fields {
  [name: string]: Field;
}

/** What checking found, and the inputs with defaults and secret marks. */
export interface Checked {
  value: PropertyMap;
  failures: CheckFailure[];
}

/**
 * Checks inputs against their fields. Keys that are no field are failures, so that a typing error does not pass for a
 * default. Reasons name keys and types, never values: a value may be a private key in the wrong place.
 */
export function checkFields(fields: Fields, inputs: PropertyMap, path = ""): Checked {
  const value: PropertyMap = {};
  const failures: CheckFailure[] = [];
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const fail = (name: string, reason: string): void => {
    failures.push({ property: path === "" ? name : (path.split(".")[0] ?? path), reason });
  };

  for (const [name, given] of Object.entries(inputs)) {
    const field = fields[name];
    if (field === undefined) {
      if (!name.startsWith("__")) {
        fail(name, `${at(name)} is not a known key. Known: ${Object.keys(fields).sort().join(", ")}.`);
      }
      continue;
    }
    const bare = peel(given);
    if (bare === null) {
      continue;
    }
    let checked: PropertyValue = bare;
    if (!isUnknown(bare)) {
      if (typeof field.type === "object" && isMap(bare)) {
        const inner = checkFields(field.type, bare, at(name));
        failures.push(...inner.failures);
        checked = inner.value;
      } else {
        const wanted = mismatch(field, bare);
        if (wanted !== undefined) fail(name, `${at(name)} must be ${wanted}.`);
        checked = typeof field.type === "object" ? bare : keepMarks(given);
      }
    }
    value[name] = field.secret === true || isSecret(given) ? secret(checked) : checked;
  }
  for (const [name, field] of Object.entries(fields)) {
    if (value[name] === undefined && field.required === true) {
      fail(name, `${at(name)} is missing.`);
    } else if (value[name] === undefined && field.default !== undefined) {
      value[name] = field.default;
    }
  }
  return { value, failures };
}

/** Lists and maps may hold secrets of their own: only the outer mark is taken off. */
function keepMarks(value: PropertyValue): PropertyValue {
  return isSecret(value) ? peel(value) : value;
}

/** What the field wants, when the value is not that. */
function mismatch({ type, oneOf }: Field, value: PropertyValue): string | undefined {
  const ok = (right: boolean, wanted: string): string | undefined => (right ? undefined : wanted);
  switch (type) {
    case "string":
      return oneOf === undefined
        ? ok(typeof value === "string", "a string")
        : ok(typeof value === "string" && oneOf.includes(value), `one of ${oneOf.join(", ")}`);
    case "number":
      return ok(typeof value === "number", "a number");
    case "boolean":
      return ok(typeof value === "boolean", "true or false");
    case "stringMap":
      return ok(isMap(value) && Object.values(value).every(isText), "a map of strings");
    case "list":
      return ok(Array.isArray(value), "a list");
    default:
      return "an object";
  }
}

function isText(value: PropertyValue): boolean {
  return isUnknown(value) || typeof peel(value) === "string";
}
