import assert from "node:assert/strict";
import { aheadRemark, chooseSet, severalClusters } from "../../../../plan/backup/choice.ts";
import { dataSet } from "../../../support/backup.ts";

const now = Date.parse("2026-11-29T21:00:00Z");
const [old, newer, ahead] = [
  dataSet("2026-11-29T19:00:00Z"),
  dataSet("2026-11-29T20:00:00Z"),
  dataSet("2027-11-29T20:00:00Z"),
];
const sets = [old, newer, ahead];

describe("the set that is restored", () => {
  it("is the newest, the newest of a time, or the one that is named", () => {
    assert.deepEqual(chooseSet(sets, {}, now), { set: newer });
    assert.deepEqual(chooseSet(sets, { to: "2026-11-29T19:30:00Z" }, now), { set: old });
    assert.deepEqual(chooseSet(sets, { to: "2099-01-01T00:00:00Z" }, now), { set: newer });
    assert.deepEqual(chooseSet(sets, { backup: old.id }, now), { set: old });
    assert.deepEqual(chooseSet(sets, { backup: ahead.id }, now), { set: ahead }, "one that is named may be from then");
  });

  it("is told to be missing, and of what was passed over", () => {
    const list = ": ./plinth backup list tells what there is.";
    const of = (...args: Parameters<typeof chooseSet>): unknown => chooseSet(...args);
    assert.deepEqual(of([], {}, now), { problem: `No target has a set of data${list}` });
    assert.deepEqual(of(sets, { backup: "none" }, now), { problem: `No target has a set of data none${list}` });
    const to = "2020-01-01T00:00:00Z";
    assert.deepEqual(of([old], { to }, now), {
      problem: `No target has a set of data that is not later than ${to}${list}`,
    });
    const remark = ` (1 dated in the future is taken by --backup alone: ${ahead.id}; compare the clock of this machine)`;
    assert.deepEqual(of([ahead], {}, now), { problem: `No target has a set of data${remark}${list}` });
    assert.match(aheadRemark([ahead, ahead, ahead, ahead], now), /^ \(4 dated in the future are .*, …;/);
    assert.equal(aheadRemark([old], now), "");
  });

  it("is none of two that are called alike: one of them is made up", () => {
    const forged = dataSet("2026-11-29T20:00:00Z", { sha256: "e".repeat(64) });
    for (const wanted of [{}, { backup: newer.id }]) {
      const choice = chooseSet([old, forged, newer], wanted, now);
      assert.match(
        "problem" in choice ? choice.problem : "",
        /have 2 different sets that are called .*-cp1; one of them/,
      );
    }
    const foreign = dataSet("2026-11-29T20:00:00Z", { cluster: "other", clusterId: "f".repeat(16) });
    const choice = chooseSet([foreign, newer], { backup: newer.id }, now);
    assert.match(
      "problem" in choice ? choice.problem : "",
      /, of other \(id f{16}\) and demo \(id 0123456789abcdef\):/,
    );
    assert.deepEqual(chooseSet([forged, newer, old], { backup: old.id }, now), { set: old });
  });

  it("is named by its id where there are several clusters", () => {
    const foreign = dataSet(undefined, { cluster: "other", clusterId: "f".repeat(16) });
    assert.equal(severalClusters([old, newer], {}), undefined);
    assert.equal(severalClusters([], {}), undefined);
    assert.equal(severalClusters([old, foreign], { backup: old.id }), undefined);
    assert.match(
      severalClusters([old, foreign], {}) ?? "",
      /demo \(id 0123456789abcdef\), other \(id f{16}\)\. Name a set/,
    );
  });
});
