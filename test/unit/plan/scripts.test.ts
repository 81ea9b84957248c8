import assert from "node:assert/strict";
import { allScripts } from "../../../plan/scripts.ts";

describe("scripts that hosts fetch", () => {
  it("name the shell that they are for: units run them as programs", () => {
    for (const { name, content } of allScripts()) assert.match(content, /^#!\/bin\/sh\n/, name);
  });
});
