/** Text as one word of a POSIX shell, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same without quotes where there is nothing that a shell could take for something else. */
export function shellWord(text: string): string {
  return /^[\w/.:=@%+,-]+$/.test(text) ? text : shellQuote(text);
}

/** Arguments of a command. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}

/** Shell words in front of a command so that it runs as root. */
export const asRoot = `$(test "$(id -u)" = 0 || echo sudo -n)`;
