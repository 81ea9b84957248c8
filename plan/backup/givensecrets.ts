import { holdsUnread, unreadSecret, type RawConfig } from "../rawconfig.ts";

/** What stands for a secret that operators do not need: they come by their own SSH, and by keys of the environment. */
const closed = "PRIVATE KEY that was not decrypted";

function filled(value: unknown): unknown {
  if (value === unreadSecret) return closed;
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
}

/**
 * A configuration whose secrets cannot be decrypted any more, so far that an operator reaches the targets of backups.
 *
 * @param config with `unreadSecret` for each secret.
 * @param password of the repositories.
 */
export function withGivenSecrets(config: RawConfig, password: string): RawConfig {
  const { backup } = config;
  if (typeof backup !== "object" || backup === null || !holdsUnread(backup)) return config;
  return { ...config, backup: { ...(filled(backup) as Record<string, unknown>), password } };
}
