import type { SecretTextPart } from "../bundle.ts";

/** A secret of the stack's configuration, by its name: what it is nobody but the host is told. */
export class Secret {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Text with secrets in it. */
export class SecretText {
  readonly parts: readonly SecretTextPart[];

  constructor(parts: readonly SecretTextPart[]) {
    this.parts = parts;
  }
}

/** Content of a file: text that anybody may read, or text with secrets. */
export type Content = string | Secret | SecretText;

/** The names of the secrets in a text. */
export function secretNames(text: readonly SecretTextPart[]): string[] {
  return text.flatMap((part) => (typeof part === "string" ? [] : [part.secret]));
}

/**
 * The text with its secrets in place.
 *
 * @param secrets `plinth:secrets`.
 * @throws Error when it has none of a name.
 */
export function secretText(text: readonly SecretTextPart[], secrets: Readonly<Record<string, string>>): string {
  return text
    .map((part) => {
      if (typeof part === "string") return part;
      const value = Object.hasOwn(secrets, part.secret) ? secrets[part.secret] : undefined;
      if (value === undefined) throw new Error(`plinth:secrets has no ${part.secret}`);
      return value;
    })
    .join("");
}
