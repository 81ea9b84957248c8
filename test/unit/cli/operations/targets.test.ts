import assert from "node:assert/strict";
import { targetPatterns } from "../../../../cli/operations/targets.ts";

describe("--target", () => {
  it("takes URNs as they are and hosts as patterns that do not match longer names", () => {
    assert.deepEqual(targetPatterns(["urn:pulumi:x", "**::ca"], []), ["urn:pulumi:x", "**::ca"]);
    assert.deepEqual(targetPatterns(["cp1"], ["cp1", "cp10"]), ["**::cp1", "**::*-cp1", "**::cp1-*"]);
  });

  it("refuses what is neither", () => {
    assert.throws(() => targetPatterns(["cp4"], ["cp1", "cp2"]), /neither a URN nor a host of this stack \(cp1, cp2\)/);
  });
});
