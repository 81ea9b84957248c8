import assert from "node:assert/strict";
import { merge } from "../../../plan/merge.ts";

describe("plan/merge", () => {
  it("merges objects, replaces lists and values, and takes away what is null", () => {
    const base = { a: { b: 1, c: [1, 2] }, d: "x", e: true };
    assert.deepEqual(merge(base, { a: { c: [3] }, d: null, f: 0 }), { a: { b: 1, c: [3] }, e: true, f: 0 });
    assert.deepEqual(base, { a: { b: 1, c: [1, 2] }, d: "x", e: true });
  });

  it("changes nothing where nothing is given", () => {
    const base = { a: { b: 1 } };
    assert.deepEqual(merge(base, {}), base);
  });
});
