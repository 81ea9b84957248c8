/** A property as it crosses the wire: JSON plus the marked forms below. */
export type PropertyValue = null | boolean | number | string | PropertyValue[] | PropertyMap;
export interface PropertyMap {
  [key: string]: PropertyValue;
}

/** Stands for a value that only a later `up` will know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasSignature(value: PropertyValue | undefined, signature: string): value is PropertyMap {
  return isMap(value) && value[SIGNATURE_KEY] === signature;
}

export function isUnknown(value: PropertyValue | undefined): boolean {
  return value === UNKNOWN || (hasSignature(value, OUTPUT_SIGNATURE) && value["value"] === undefined);
}

export function isSecret(value: PropertyValue | undefined): boolean {
  return hasSignature(value, SECRET_SIGNATURE) || (hasSignature(value, OUTPUT_SIGNATURE) && value["secret"] === true);
}

/** Marks a value as secret; one that is marked already stays as it is. */
export function secret(value: PropertyValue): PropertyValue {
  return isSecret(value) ? value : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value };
}

/** The value inside one layer of secret or output marks. */
export function peel(value: PropertyValue): PropertyValue {
  if (hasSignature(value, SECRET_SIGNATURE)) {
    return peel(value["value"] ?? null);
  }
  if (hasSignature(value, OUTPUT_SIGNATURE)) {
    return value["value"] === undefined ? UNKNOWN : peel(value["value"]);
  }
  return value;
}

/** The value without any marks of secrecy, however deep. */
export function plain(value: PropertyValue): PropertyValue {
  const bare = peel(value);
  if (Array.isArray(bare)) {
    return bare.map(plain);
  }
  return isMap(bare) ? plainMap(bare) : bare;
}

export function plainMap(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, plain(value)]));
}

/** A scalar as text, without marks; empty for nothing, lists and maps. */
export function text(value: PropertyValue | undefined): string {
  const bare = value === undefined ? null : peel(value);
  return typeof bare === "object" ? "" : String(bare);
}

/** Whether any part of the value is unknown. */
export function containsUnknown(value: PropertyValue): boolean {
  if (isUnknown(value)) {
    return true;
  }
  const bare = peel(value);
  if (Array.isArray(bare)) {
    return bare.some(containsUnknown);
  }
  return isMap(bare) && Object.values(bare).some(containsUnknown);
}

export function equal(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (isMap(left) && isMap(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].every((key) => equal(left[key], right[key]));
  }
  return left === right;
}
