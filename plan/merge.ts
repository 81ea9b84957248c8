/** A plain object, as opposed to a list or a value. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * One layer of settings on top of another, both of which are to be merged over something else: objects are laid key by key, lists and
 * values are replaced, and a null stays, for it takes away what is below both.
 */
export function lay(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const laid = Object.entries(over).map(([key, value]): [string, unknown] => {
    const own = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isObject(own) && isObject(value) ? lay(own, value) : value];
  });
  return { ...base, ...Object.fromEntries(laid) };
}

/** `over` on top of `base`: objects are merged key by key, lists and values are replaced, null takes a key away. */
export function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = Object.entries(over).map(([key, value]): [string, unknown] => {
    const own = base[key];
    return [key, isObject(own) && isObject(value) ? merge(own, value) : value];
  });
  const taken = new Set(Object.keys(over));
  const kept = Object.entries(base).filter(([key]) => !taken.has(key));
  return Object.fromEntries([...kept, ...merged.filter(([, value]) => value !== null)]);
}
