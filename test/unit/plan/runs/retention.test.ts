import assert from "node:assert/strict";
import fc from "fast-check";
import { runName, streamOf, streamsIn, tooOld } from "../../../../plan/runs/retention.ts";

const stream = (second: number, command = "up", bytes = 10) => ({
  ...{ name: streamOf(runName(Date.UTC(2026, 0, 1) + second * 1000, 42, command)), bytes },
});
const retention = { changes: 3, looks: 2, bytes: 1000 };

describe("streams of runs", () => {
  it("have names that sort by time and are told from other files", () => {
    const names = [stream(2).name, "other.jsonl", stream(1, "restore state").name, "x", stream(3).name];
    assert.deepEqual(streamsIn(names), [stream(3).name, stream(2).name, stream(1, "restore-state").name]);
    assert.equal(stream(1).name, "20260101T000001000Z-42-up.jsonl");
  });

  it("are forgotten when there are newer ones enough, looks apart from changes", () => {
    const looks = Array.from({ length: 9 }, (_none, index) => stream(100 + index, "drift"));
    const changes = Array.from({ length: 5 }, (_none, index) => stream(index));
    const forgotten = tooOld([...looks, ...changes], retention);
    assert.deepEqual(forgotten.filter((name) => name.includes("-up")).sort(), [stream(0).name, stream(1).name]);
    assert.equal(forgotten.filter((name) => name.includes("drift")).length, 7);
  });

  it("are forgotten when they are too large, but for the last two", () => {
    const large = [1, 2, 3].map((second) => stream(second, "up", 900));
    assert.deepEqual(tooOld(large, retention), [stream(1).name]);
  });

  it("stay within the limits whatever there is", () => {
    const any = fc.array(fc.tuple(fc.nat(10_000), fc.constantFrom("up", "drift", "preview"), fc.nat(400)));
    fc.assert(
      fc.property(any, (rows) => {
        const streams = [...new Map(rows.map((row) => [row[0], stream(...row)])).values()];
        const gone = new Set(tooOld(streams, retention));
        const kept = streams.filter(({ name }) => !gone.has(name));
        assert.ok(kept.length <= Math.max(2, retention.changes + 2 * retention.looks));
        const bytes = kept.reduce((sum, { bytes: each }) => sum + each, 0);
        assert.ok(kept.length <= 2 || bytes <= retention.bytes);
      }),
    );
  });
});
