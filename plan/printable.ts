/** Control characters of both sets, and marks that change the direction of text or cannot be seen. */
const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** A character as source code has it: `\n`, `\x1b`, `\u{202e}`. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/**
 * Text of somebody else as it may be shown on a terminal: what cannot be seen is escaped, and what is too long is cut off.
 *
 * @param longest characters.
 */
export function printable(text: string, longest = Infinity): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(hidden, escaped);
}
