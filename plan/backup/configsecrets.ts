/** A secret in a stack's file. */
export interface SecretPlace {
  /** As `pulumi config set --path` takes it. */
  path: string;
  value: string;
}

/**
 * The secrets in a stack's file, with their values.
 *
 * @param file the file as YAML has it: a secret is `{ secure: CIPHERTEXT }`, at any depth.
 * @param clear `NAMESPACE:KEY` → text with secrets in clear, of structures JSON.
 */
export function secretPlaces(file: unknown, clear: Readonly<Record<string, string>>): SecretPlace[] {
  const config = isMap(file) && isMap(file["config"]) ? file["config"] : {};
  return Object.entries(config).flatMap(([key, written]) => {
    const value = clear[key];
    if (value === undefined) return [];
    if (isSecret(written)) return [{ path: key, value }];
    return holdsSecret(written) ? placesIn(key, written, JSON.parse(value) as unknown) : [];
  });
}

/** Keys of a stack's file that say how its secrets are encrypted. */
export const encryptionKeys = ["encryptionsalt", "encryptedkey", "secretsprovider"] as const;

/** A stack's file without what says how its secrets are encrypted. */
export function withoutSalt(text: string): string {
  return text
    .split("\n")
    .filter((line) => !encryptionKeys.some((key) => line.startsWith(`${key}:`)))
    .join("\n");
}

function placesIn(path: string, written: unknown, clear: unknown): SecretPlace[] {
  if (isSecret(written)) return typeof clear === "string" ? [{ path, value: clear }] : [];
  if (Array.isArray(written)) {
    return written.flatMap((one, index) =>
      placesIn(`${path}[${index}]`, one, Array.isArray(clear) ? clear[index] : undefined),
    );
  }
  if (!isMap(written)) return [];
  return Object.entries(written).flatMap(([name, one]) =>
    placesIn(`${path}[${JSON.stringify(name)}]`, one, isMap(clear) ? clear[name] : undefined),
  );
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecret(value) || Object.values(value).some(holdsSecret);
}

function isSecret(value: unknown): boolean {
  return isMap(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string";
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
