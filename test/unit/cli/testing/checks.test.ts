import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { staticChecks } from "../../../../cli/testing/checks.ts";

const root = join(import.meta.dirname, "../../../..");

describe("the static checks", () => {
  for (const { name, args } of staticChecks) {
    it(`the program of ${name} is where it is looked for`, () => {
      assert.ok(existsSync(join(root, args[0] ?? "")), args[0]);
    });
  }
});
