import { PlinthError, type Finding } from "./findings.ts";
import { unreadSecret } from "./rawconfig.ts";

/** What stands for a secret, as the engine has it. */
const masked = "[secret]";

/** Shorter ones stand in every text by chance: taking them out would tell what they are. */
const shortest = 6;

/** All texts in a value, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Texts of at least six characters, the longest first: one may be a part of another. */
function worthHiding(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text.length >= shortest).sort((a, b) => b.length - a.length);
}

/** The secrets of a key of which some part is one. Which part the engine does not tell, so it is every text in it. */
export function secretTexts(values: readonly unknown[]): string[] {
  return worthHiding(values.flatMap(textsIn));
}

/**
 * The texts that stand where secrets stood.
 *
 * @param hidden a value with `unreadSecret` for each secret.
 * @param clear the same value decrypted.
 */
export function revealedTexts(hidden: unknown, clear: unknown): string[] {
  if (hidden === unreadSecret) return worthHiding(textsIn(clear));
  if (typeof hidden !== "object" || hidden === null || typeof clear !== "object" || clear === null) return [];
  const inside = clear as Record<string, unknown>;
  return worthHiding(Object.entries(hidden).flatMap(([key, value]) => revealedTexts(value, inside[key])));
}

/** Whether there is one of the secrets in a text. */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => text.includes(secret));
}

/** A text with `[secret]` for each secret in it. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, masked), text);
}

export function findingsWithout(findings: readonly Finding[], secrets: readonly string[]): Finding[] {
  return findings.map((finding) => ({
    ...finding,
    message: withoutSecrets(finding.message, secrets),
    remedy: withoutSecrets(finding.remedy, secrets),
  }));
}

/** An error without the secrets that its message has: the same one where it has none. */
export function errorWithout(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Error) || !holdsSecret(error.message, secrets)) return error;
  if (error instanceof PlinthError) return new PlinthError(findingsWithout(error.findings, secrets));
  return new Error(withoutSecrets(error.message, secrets));
}
