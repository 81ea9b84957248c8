import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

describe("the glossary", () => {
  const rows = readFileSync(join(root, "docs/glossary.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| word "))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, word = ""]) => !/^-+$/.test(word));

  it("names files that are there", () => {
    const missing = rows.flatMap(([, word = "", , file = ""]) => {
      const path = /^`([^`]+)`$/.exec(file)?.[1];
      return path !== undefined && existsSync(join(root, path)) ? [] : [`${word}: ${file}`];
    });
    assert.deepEqual(missing, []);
  });

  it("says each word once", () => {
    const words = rows.flatMap(([, word = ""]) => word.split(", "));
    assert.deepEqual(
      words.filter((word, at) => words.indexOf(word) !== at),
      [],
    );
  });
});
