import { BlockError } from "../block.ts";
import { Secret, SecretText } from "../secrets.ts";
import { secretNamePattern } from "../shape.ts";

/**
 * A secret of the stack's configuration: `plinth:secrets["NAME"]`. Where a file has it as its content, or in a text that `secretText` makes,
 * it reaches the host by standard input, and is in no preview, no log and in the state encrypted.
 */
export function secret(name: string): Secret {
  if (!secretNamePattern.test(name))
    throw new BlockError(`a secret cannot have the name ${JSON.stringify(name)}: use A-Z a-z 0-9 . _ -`);
  return new Secret(name);
}

/** Text with secrets in it: ``secretText`password = ${secret("database")}\n` ``. */
export function secretText(texts: TemplateStringsArray, ...values: readonly (Secret | string | number)[]): SecretText {
  return new SecretText(
    texts.flatMap((text, index) => {
      const value = values[index];
      if (value === undefined) return [text];
      return [text, value instanceof Secret ? { secret: value.name } : String(value)];
    }),
  );
}
