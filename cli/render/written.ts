/** What a command says of the files that it was to write below a folder. */
export function writtenLines(folder: string, paths: readonly string[], changed: readonly string[]): string[] {
  const width = Math.max(...paths.map((path) => path.length));
  return [
    `${folder}:`,
    ...paths.map((path) => `  ${path.padEnd(width)}  ${changed.includes(path) ? "written" : "as it was"}`),
  ];
}
