import { containsUnknown, isMap, type PropertyMap, type PropertyValue, text } from "../provider/values.ts";
import { gvkOf, isBuiltIn, isCrd, type GroupVersionKind } from "./kinds.ts";
import { apiVersionOf, kindOf, mapAt, withoutValue, withValue, type KubeObject } from "../../kube/object.ts";
import { canonicalQuantity } from "./quantity.ts";

/** Fields that the server alone sets. */
const SERVER_SET = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/**
 * Brings inputs into the form in which the server stores them, so that equal things compare as equal: no nulls, a Secret's
 * `stringData` in `data`, quantities as the server writes them. Custom resources and inputs with unknown parts keep theirs.
 */
export function normalizeInputs(inputs: KubeObject): KubeObject {
  const gvk = gvkOf(apiVersionOf(inputs), kindOf(inputs));
  const normal = isBuiltIn(gvk) && !containsUnknown(inputs) ? normalizeBuiltIn(inputs, gvk) : inputs;
  return SERVER_SET.reduce((object, field) => withoutValue(object, ["metadata", field]), normal);
}

function normalizeBuiltIn(inputs: KubeObject, gvk: GroupVersionKind): KubeObject {
  if (isCrd(gvk)) {
    const crd = withoutValue(withoutNulls(inputs), ["status"]);
    return mapAt(crd, "spec")["preserveUnknownFields"] === false
      ? withoutValue(crd, ["spec", "preserveUnknownFields"])
      : crd;
  }
  if (gvk.group === "" && gvk.kind === "Secret") {
    return normalizeSecret(withoutNulls(inputs));
  }
  return withQuantities(withoutNulls(inputs), gvk.kind === "LimitRange") as PropertyMap;
}

function normalizeSecret(secret: KubeObject): KubeObject {
  const data = Object.entries(mapAt(secret, "data")).map(([key, value]) => [key, canonicalBase64(value)]);
  const texts = Object.entries(mapAt(secret, "stringData")).map(([key, value]) => [
    key,
    Buffer.from(text(value)).toString("base64"),
  ]);
  if (data.length + texts.length === 0) {
    return secret;
  }
  const whole = Object.fromEntries([...data, ...texts]) as PropertyMap;
  return withoutValue(withValue(secret, ["data"], whole), ["stringData"]);
}

/** Without line breaks, as the server writes it; text that is no base64 is left for the server to refuse. */
function canonicalBase64(value: PropertyValue): PropertyValue {
  const bare = typeof value === "string" ? value.replace(/\s/g, "") : value;
  return typeof bare === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(bare) ? bare : value;
}

function withoutNulls<Value extends PropertyValue>(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(withoutNulls) as PropertyValue as Value;
  }
  if (isMap(value)) {
    const kept = Object.entries(value).filter(([, inner]) => inner !== null);
    return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)])) as PropertyValue as Value;
  }
  return value;
}

/** Maps of quantities, wherever they are. */
const QUANTITY_MAPS = new Set(["limits", "requests", "hard", "capacity", "podFixed"]);
const LIMIT_RANGE_MAPS = new Set(["default", "defaultRequest", "max", "min", "maxLimitRequestRatio"]);
const QUANTITIES = new Set(["sizeLimit", "divisor", "averageValue"]);
/** Below these, names are the user's own. */
const OPAQUE = new Set(["labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "parameters"]);

function withQuantities(value: PropertyValue, limitRange: boolean): PropertyValue {
  if (Array.isArray(value)) {
    return value.map((item) => withQuantities(item, limitRange));
  }
  if (!isMap(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (OPAQUE.has(key)) {
        return [key, inner];
      }
      const ofQuantities = QUANTITY_MAPS.has(key) || (limitRange && LIMIT_RANGE_MAPS.has(key));
      if (ofQuantities && isMap(inner) && Object.values(inner).every(isScalar)) {
        const entries = Object.entries(inner).map(([name, amount]) => [name, quantity(amount)]);
        return [key, Object.fromEntries(entries) as PropertyMap];
      }
      return [key, QUANTITIES.has(key) ? quantity(inner) : withQuantities(inner, limitRange)];
    }),
  );
}

const isScalar = (value: PropertyValue): boolean => typeof value === "string" || typeof value === "number";

function quantity(value: PropertyValue): PropertyValue {
  return typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : value;
}

/**
 * The part of `source` that `shape` has, too: what the server filled in is left out. Lists are cut element by element to
 * the length of the shape's.
 */
export function prune(source: PropertyMap, shape: PropertyMap): PropertyMap {
  const entries = Object.entries(source).filter(([key]) => key in shape);
  return Object.fromEntries(entries.map(([key, value]) => [key, pruneValue(value, shape[key])]));
}

function pruneValue(value: PropertyValue, shape: PropertyValue | undefined): PropertyValue {
  if (isMap(value) && isMap(shape)) {
    return prune(value, shape);
  }
  if (Array.isArray(value) && Array.isArray(shape)) {
    return value.slice(0, shape.length).map((item, index) => pruneValue(item, shape[index]));
  }
  return value;
}

/** False, 0, "", null, and lists and maps of nothing else: what the server leaves out of many fields. */
export function isEmpty(value: PropertyValue | undefined): boolean {
  if (Array.isArray(value)) {
    return value.length === 0;
  }
  return isMap(value) ? Object.values(value).every(isEmpty) : !value;
}

/** What is declared as the server now has it. Empty values that the server leaves out are kept: they are in place. */
export function asDeclared(live: PropertyMap, declared: PropertyMap): PropertyMap {
  const result = prune(live, declared);
  for (const [key, value] of Object.entries(declared)) {
    const kept = withEmpties(result[key], value);
    if (kept !== undefined) result[key] = kept;
  }
  return result;
}

function withEmpties(live: PropertyValue | undefined, declared: PropertyValue): PropertyValue | undefined {
  if (live === undefined) {
    return isEmpty(declared) ? declared : undefined;
  }
  if (isMap(live) && isMap(declared)) {
    return asDeclared(live, declared);
  }
  if (Array.isArray(live) && Array.isArray(declared)) {
    return live.map((item, index) => withEmpties(item, declared[index] ?? null) ?? item);
  }
  return live;
}
