import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { shellQuote } from "../../../plan/shell.ts";

describe("shellQuote", () => {
  const texts = [
    "",
    "plain",
    "two words",
    "it's",
    "'",
    "'''",
    '$HOME `id` $(id) \\ " * ~',
    "line\nline",
    "-n",
    "ümlaut",
  ];

  it("makes one word of any text, for every shell of a host", () => {
    for (const shell of ["dash", "bash"]) {
      for (const text of texts) {
        assert.equal(
          execFileSync(shell, ["-c", `printf '[%s]' ${shellQuote(text)}`], { encoding: "utf8" }),
          `[${text}]`,
        );
      }
    }
  });
});
