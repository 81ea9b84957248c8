import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format } from "prettier";

/**
 * Compares text with the file that a reviewer has seen. `PLINTH_UPDATE_SNAPSHOTS=1` writes the files anew; a missing
 * file fails, so that no snapshot comes into being unseen in CI.
 */
export function matchSnapshot(file: string, actual: string): void {
  if (process.env["PLINTH_UPDATE_SNAPSHOTS"] === "1") {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  assert.ok(existsSync(file), `${file} does not exist; run again with PLINTH_UPDATE_SNAPSHOTS=1 and read it`);
  assert.equal(actual, readFileSync(file, "utf8"));
}

const documents = path.join(import.meta.dirname, "../../docs");

/**
 * Compares a section of a file in docs/ with what follows from the program. The section stands between the comments
 * `<!-- NAME: … -->` and `<!-- end of NAME -->`; `PLINTH_UPDATE_SNAPSHOTS=1` writes it anew.
 *
 * @param markdown formatted or not.
 */
export async function matchSection(document: string, name: string, markdown: string): Promise<void> {
  const file = path.join(documents, document);
  const text = readFileSync(file, "utf8");
  const [, before, present, after] =
    new RegExp(`^([^]*<!-- ${name}: [^\\n]* -->\\n)([^]*)(\\n<!-- end of ${name} -->[^]*)$`).exec(text) ?? [];
  assert.ok(before !== undefined && after !== undefined, `docs/${document} has no section ${name}`);
  const expected = `\n${await format(markdown, { parser: "markdown" })}`;
  if (process.env["PLINTH_UPDATE_SNAPSHOTS"] === "1") writeFileSync(file, before + expected + after);
  else
    assert.equal(present, expected, `docs/${document} is stale; run again with PLINTH_UPDATE_SNAPSHOTS=1 and read it`);
}

/** A table in Markdown, its first row the head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const lines = [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}
