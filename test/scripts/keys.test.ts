import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHeldFiles } from "../../plan/adoption.ts";
import { keysScript } from "../../plan/scripts.ts";
import { shells } from "./support/fake-host.ts";

describe("reading the keys that a host holds", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "plinth-keys-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  for (const shell of shells) {
    it(`gives plain files byte for byte, and leaves out what is none or too long, by ${shell}`, () => {
      const file = (name: string): string => join(dir, name);
      const pem = `-----BEGIN-----\n${"x".repeat(3000)}\n-----END-----\n`;
      writeFileSync(file("key"), pem);
      writeFileSync(file("empty"), "");
      writeFileSync(file("it's"), "quoted");
      writeFileSync(file("long"), "x".repeat(65_537));
      symlinkSync(file("key"), file("link"));
      const asked = ["key", "empty", "it's", "long", "link", "gone", ""].map(file);
      const answer = execFileSync(shell, ["-s"], { input: keysScript(asked), encoding: "utf8" });
      assert.deepEqual(
        [...parseHeldFiles(answer, asked)],
        [
          [file("key"), pem],
          [file("empty"), ""],
          [file("it's"), "quoted"],
        ],
      );
    });
  }
});
