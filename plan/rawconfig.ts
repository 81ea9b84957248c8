/**
 * The configuration of a stack as it was written, unchecked: key without the namespace → value. Lists and maps are
 * structures, everything else is text.
 */
export type RawConfig = Readonly<Record<string, unknown>>;

/** Stands for a secret that was not decrypted. */
export const unreadSecret = Symbol("a secret that was not decrypted");

/** A value of a stack's file with `unreadSecret` for every secret, which is `{ secure: CIPHERTEXT }` there. */
export function concealSecrets(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isSecret(value)) return unreadSecret;
  if (Array.isArray(value)) return value.map(concealSecrets);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, concealSecrets(inner)]));
}

/** The engine takes exactly this form for a secret. */
function isSecret(value: object): boolean {
  const entries = Object.entries(value);
  return entries.length === 1 && entries[0]?.[0] === "secure" && typeof entries[0][1] === "string";
}

/** Whether there is a secret somewhere in a value that was not decrypted. */
export function holdsUnread(value: unknown): boolean {
  if (value === unreadSecret) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnread);
}

/** Whether a place in a structure is a secret that was not decrypted, or would be inside of one. */
export function isUnread(structure: unknown, path: readonly PropertyKey[]): boolean {
  let value = structure;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return false;
    value = (value as Record<PropertyKey, unknown>)[step];
    if (value === unreadSecret) return true;
  }
  return false;
}
