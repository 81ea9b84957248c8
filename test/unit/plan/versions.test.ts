import assert from "node:assert/strict";
import fc from "fast-check";
import { atLeast } from "../../../plan/versions.ts";

describe("plan/versions", () => {
  it("compares the numbers that versions begin with", () => {
    assert.equal(atLeast("6.1.0-18-amd64", "6.1"), true);
    assert.equal(atLeast("6.1.0-18-amd64", "6.1.0-20"), false);
    assert.equal(atLeast("5.4.0", "5.13"), false);
    assert.equal(atLeast("v1.0.1", "1.0.1"), true);
    assert.equal(atLeast("252", "252.1"), false);
  });

  it("says when it cannot tell", () => {
    assert.equal(atLeast("-", "252"), undefined);
    assert.equal(atLeast("252", "new"), undefined);
  });

  it("is a total order on numbers", () => {
    const version = fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }).map((numbers) => numbers.join("."));
    fc.assert(
      fc.property(version, version, (a, b) => {
        assert.equal(atLeast(a, a), true);
        assert.ok(atLeast(a, b) === true || atLeast(b, a) === true);
        assert.equal(atLeast(`${a}-generic`, b), atLeast(a, b));
      }),
    );
  });
});
