import { isMap, isSecret, plainMap, type PropertyMap, type PropertyValue, secret } from "../provider/values.ts";
import { apiVersionOf, kindOf, type KubeObject } from "../../kube/object.ts";

const INPUTS = "__inputs";
const INITIAL_API_VERSION = "__initialApiVersion";
const FIELD_MANAGER = "__fieldManager";

/** A resource's state, taken apart. */
export interface Checkpoint {
  /** What was declared. */
  inputs: KubeObject;
  /** What the server answered. */
  live: KubeObject;
  /** Name under which the fields are owned; undefined when nothing was stored. */
  fieldManager: string | undefined;
  /** Version under which the object was first made. */
  initialApiVersion: string | undefined;
}

/** The state of an object as the official provider keeps it: what the server says, and beside it what was declared. */
export function checkpoint(
  inputs: KubeObject,
  live: KubeObject,
  marked: PropertyMap,
  kept: { fieldManager: string; initialApiVersion: string },
): PropertyMap {
  const outputs = annotateSecrets(dashesToUnderscores(live) as PropertyMap, marked);
  return {
    ...withSecretTexts(outputs, live, marked),
    [INPUTS]: annotateSecrets(dashesToUnderscores(inputs) as PropertyMap, marked),
    [INITIAL_API_VERSION]: kept.initialApiVersion,
    [FIELD_MANAGER]: kept.fieldManager,
  };
}

export function parseCheckpoint(state: PropertyMap): Checkpoint {
  const bare = unmarked(state);
  const { [INPUTS]: inputs, [FIELD_MANAGER]: manager, [INITIAL_API_VERSION]: version, ...live } = bare;
  return {
    inputs: isMap(inputs) ? inputs : {},
    live,
    fieldManager: typeof manager === "string" ? manager : undefined,
    initialApiVersion: typeof version === "string" ? version : undefined,
  };
}

/** Inputs as an object of the API: without marks of secrecy, and with the names that the API uses. */
export const unmarked = (properties: PropertyMap): KubeObject =>
  underscoresToDashes(plainMap(properties)) as PropertyMap;

/**
 * Marks as secret what `marked` does, and a Secret's data in any case. A list is secret as a whole when one of its parts
 * is: its order may change.
 */
export function annotateSecrets(values: PropertyMap, marked: PropertyMap): PropertyMap {
  const result = { ...values };
  if (result["kind"] === "Secret") {
    for (const key of ["data", "stringData"]) {
      const value = result[key];
      if (value !== undefined) result[key] = secret(value);
    }
    return result;
  }
  for (const [key, mark] of Object.entries(marked)) {
    const value = result[key];
    if (value === undefined) {
      continue;
    }
    if (isMap(value) && isMap(mark) && !isSecret(mark)) {
      result[key] = annotateSecrets(value, mark);
    } else if (containsSecret(mark)) {
      result[key] = secret(value);
    }
  }
  return result;
}

function withSecretTexts(outputs: PropertyMap, live: KubeObject, marked: PropertyMap): PropertyMap {
  const isSecretKind = apiVersionOf(live) === "v1" && kindOf(live) === "Secret";
  const { data } = outputs;
  return isSecretKind && data !== undefined && marked["stringData"] !== undefined
    ? { ...outputs, data: secret(data) }
    : outputs;
}

function containsSecret(value: PropertyValue): boolean {
  if (isSecret(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some(containsSecret);
  }
  return isMap(value) && Object.values(value).some(containsSecret);
}

const EXTENSIONS = [
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
];
const TO_DASHES = new Map(EXTENSIONS.map((name) => [name.replaceAll("-", "_"), name]));
const TO_UNDERSCORES = new Map(EXTENSIONS.map((name) => [name, name.replaceAll("-", "_")]));

/** SDKs write the schema extensions of CustomResourceDefinitions with underscores. */
const underscoresToDashes = (value: PropertyValue): PropertyValue => renameKeys(value, TO_DASHES);
const dashesToUnderscores = (value: PropertyValue): PropertyValue => renameKeys(value, TO_UNDERSCORES);

function renameKeys(value: PropertyValue, names: ReadonlyMap<string, string>): PropertyValue {
  if (Array.isArray(value)) {
    return value.map((item) => renameKeys(item, names));
  }
  return isMap(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [names.get(key) ?? key, renameKeys(inner, names)]))
    : value;
}
