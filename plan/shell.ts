/** Text as one word of a POSIX shell, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Shell words in front of a command so that it runs as root. */
export const asRoot = `$(test "$(id -u)" = 0 || echo sudo -n)`;
