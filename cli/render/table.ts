import { stripVTControlCharacters } from "node:util";

/** Lays rows out in columns with two blanks between them; the first row is the heading. Colours do not count as width. */
export function formatTable(rows: readonly (readonly string[])[], indent = "  "): string[] {
  const widths: number[] = [];
  const width = (cell: string): number => stripVTControlCharacters(cell).length;
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, width(cell))));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)));
    return (indent + cells.join("  ")).trimEnd();
  });
}
