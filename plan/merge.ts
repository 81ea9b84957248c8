/** A plain object, as opposed to a list or a value. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `over` on top of `base`: objects are merged key by key, lists and values are replaced, null takes a key away. */
export function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const own = result[key];
    if (value === null) delete result[key];
    else result[key] = isObject(own) && isObject(value) ? merge(own, value) : value;
  }
  return result;
}
