import assert from "node:assert/strict";
import type { Difference } from "../../../plan/drift.ts";
import { driftMark, healedMark } from "../../../plan/runmarks.ts";

const difference = (host: string | undefined, kind: string, bundle?: string): Difference => ({
  ...{ host, kind, name: "x", detail: "is another" },
  ...(bundle === undefined ? {} : { bundle }),
});
const found = (number: number) => [{ kind: "drift", found: number }];

describe("what hosts are told of a look for drift", () => {
  const differences = [
    difference("cp1", "file", "etcd"),
    difference("cp1", "unit-stopped", "node"),
    difference("cp2", "missing-member"),
    difference("w1", "claim"),
    difference(undefined, "object"),
  ];
  const unseen = [
    { host: "w2", message: "cannot be reached" },
    { host: undefined, message: "the Nodes cannot be listed" },
  ];

  it("is how much differs on each, and nothing where nobody could look or the host is not ours", () => {
    assert.deepEqual(driftMark({ differences, unseen }, "cp1"), found(2));
    assert.deepEqual(driftMark({ differences, unseen }, "cp3"), found(0));
    assert.deepEqual(driftMark({ differences, unseen }, "w1"), []);
    assert.deepEqual(driftMark({ differences, unseen }, "w2"), []);
  });

  it("is after a repair what it was not asked to put right", () => {
    const report = { differences, unseen, heal: ["cp1/etcd", "w1/claim", "roster"] };
    assert.deepEqual(healedMark(report, "cp1"), found(1));
    assert.deepEqual(healedMark(report, "cp2"), found(0));
    assert.deepEqual(healedMark(report, "w1"), found(0));
    assert.deepEqual(healedMark(report, "w2"), []);
    const elsewhere = { differences: [difference("w1", "node-machine", "node")], unseen: [], heal: ["w1/node"] };
    assert.deepEqual(healedMark(elsewhere, "w1"), found(1));
  });
});
