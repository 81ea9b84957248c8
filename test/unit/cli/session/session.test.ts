import assert from "node:assert/strict";
import { defaultParallel, parallelFrom } from "../../../../cli/session/session.ts";

describe("operations at the same time", () => {
  it("are four per host, at least 16", () => {
    assert.equal(defaultParallel(3, 2), 16);
    assert.equal(defaultParallel(50, 2), 200);
    assert.equal(parallelFrom({ PULUMI_PARALLEL: "3" }), 3);
    assert.equal(parallelFrom({}), undefined);
    assert.throws(() => parallelFrom({ PULUMI_PARALLEL: "x" }), /PULUMI_PARALLEL must be a whole number/);
  });
});
