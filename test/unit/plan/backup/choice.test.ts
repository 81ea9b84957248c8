import assert from "node:assert/strict";
import { aheadRemark, chooseSet } from "../../../../plan/backup/choice.ts";
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
    assert.deepEqual(chooseSet(sets, {}, now, "data"), { set: newer });
    assert.deepEqual(chooseSet(sets, { to: "2026-11-29T19:30:00Z" }, now, "data"), { set: old });
    assert.deepEqual(chooseSet(sets, { to: "2099-01-01T00:00:00Z" }, now, "data"), { set: newer });
    assert.deepEqual(chooseSet(sets, { backup: old.id }, now, "data"), { set: old });
    assert.deepEqual(
      chooseSet(sets, { backup: ahead.id }, now, "data"),
      { set: ahead },
      "one that is named may be from then",
    );
  });

  it("is told to be missing, and of what was passed over", () => {
    const of = (...args: Parameters<typeof chooseSet>): unknown => chooseSet(...args);
    assert.deepEqual(of([], {}, now, "data"), { missing: "set of data" });
    assert.deepEqual(of([], {}, now, "state"), { missing: "set of state" });
    assert.deepEqual(of([], { backup: "none" }, now, "data"), { missing: "set of data none" });
    assert.deepEqual(of(sets, { backup: "none" }, now, "data"), {
      missing: `set of data none (the newest is ${newer.id})`,
    });
    const to = "2020-01-01T00:00:00Z";
    assert.deepEqual(of([old], { to }, now, "data"), { missing: `set of data that is not later than ${to}` });
    const remark = ` (1 dated in the future is taken by --backup alone: ${ahead.id}; compare the clock of this machine)`;
    assert.deepEqual(of([ahead], {}, now, "data"), { missing: `set of data${remark}` });
    assert.match(aheadRemark([ahead, ahead, ahead, ahead], now), /^ \(4 dated in the future are .*, …;/);
    assert.equal(aheadRemark([old], now), "");
  });

  it("is none of two that are called alike: one of them is made up", () => {
    const forged = dataSet("2026-11-29T20:00:00Z", { sha256: "e".repeat(64) });
    for (const wanted of [{}, { backup: newer.id }]) {
      const choice = chooseSet([old, forged, newer], wanted, now, "data");
      assert.match(
        "problem" in choice ? choice.problem : "",
        /^There are 2 different sets that are called .*-cp1; one of them/,
      );
    }
    const foreign = dataSet("2026-11-29T20:00:00Z", { cluster: "other", clusterId: "f".repeat(16) });
    const choice = chooseSet([foreign, newer], { backup: newer.id }, now, "data");
    assert.match(
      "problem" in choice ? choice.problem : "",
      /, of other \(id f{16}\) and demo \(id 0123456789abcdef\):/,
    );
    assert.deepEqual(chooseSet([forged, newer, old], { backup: old.id }, now, "data"), { set: old });
  });

  it("is named by its id where there are several clusters", () => {
    const foreign = dataSet(undefined, { cluster: "other", clusterId: "f".repeat(16) });
    assert.deepEqual(chooseSet([old, foreign], { backup: old.id }, now, "data"), { set: old });
    for (const wanted of [{}, { to: "2026-11-29T19:30:00Z" }]) {
      const choice = chooseSet([old, foreign], wanted, now, "data");
      assert.match(
        "problem" in choice ? choice.problem : "",
        /^There are sets of several clusters, .*demo \(id 0123456789abcdef\), other \(id f{16}\)\. Name a set/,
      );
    }
  });
});
