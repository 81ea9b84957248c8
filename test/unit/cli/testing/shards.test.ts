import assert from "node:assert/strict";
import fc from "fast-check";
import { shards } from "../../../../cli/testing/shards.ts";

describe("the shards of a tier", () => {
  it("put the largest files apart", () => {
    const sizes = new Map([
      ["a", 10],
      ["b", 90],
      ["c", 80],
      ["d", 20],
    ]);
    assert.deepEqual(shards(sizes, 2), [
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("have every file once, and differ by no more than the largest file", () => {
    const files = fc.uniqueArray(fc.tuple(fc.string(), fc.nat(100_000)), { selector: ([name]) => name });
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 16 }), (list, count) => {
        const sizes = new Map(list);
        const made = shards(sizes, count);
        assert.deepEqual(made.flat().toSorted(), [...sizes.keys()].toSorted());
        assert.equal(made.length, Math.min(count, sizes.size));
        const loads = made.map((of) => of.reduce((sum, file) => sum + (sizes.get(file) ?? 0) + 1, 0));
        if (loads.length > 0)
          assert.ok(Math.max(...loads) - Math.min(...loads) <= Math.max(...sizes.values()) + 1, String(loads));
      }),
    );
  });
});
