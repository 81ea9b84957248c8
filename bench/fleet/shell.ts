/** The text without its here-documents: what of it is commands. */
export function withoutHereDocuments(text: string): string {
  const kept: string[] = [];
  let delimiter: string | undefined;
  for (const line of text.split("\n")) {
    if (delimiter === undefined) {
      kept.push(line);
      delimiter = /<<-?\s*['"]?([A-Za-z_][A-Za-z0-9_]*)['"]?/.exec(line)?.[1];
    } else if (line.trim() === delimiter) {
      delimiter = undefined;
    }
  }
  return kept.join("\n");
}

/** The variables that lines `export NAME='VALUE'`, or `NAME='VALUE' \\` of `env`, set; a value may have several lines. */
export function assignedVariables(text: string): Record<string, string> {
  const found = text.matchAll(/^(?:export | +)([A-Z_][A-Z0-9_]*)=((?:'[^']*'|\\')*)/gm);
  return Object.fromEntries(
    [...found].map(([, name = "", value = ""]) => [name, value.replace(/'([^']*)'|\\(')/g, "$1$2")]),
  );
}
