import assert from "node:assert/strict";
import fc from "fast-check";
import { revisionBump } from "../../../../plan/restore/bump.ts";

const now = Date.UTC(2026, 10, 29);

describe("the revision that a restore begins with", () => {
  it("is one for each millisecond of the calendar", () => {
    assert.equal(5000 + revisionBump(5000, undefined, now), now);
    assert.equal(5000 + revisionBump(5000, 7000, now), now);
  });

  it("is behind everything that was ever given out, also when a snapshot is restored again", () => {
    const revisions = fc.integer({ min: 1, max: 2 ** 50 });
    fc.assert(
      fc.property(
        revisions,
        fc.option(revisions, { nil: undefined }),
        fc.integer({ min: 0, max: now }),
        (snapshot, live, at) => {
          const begin = snapshot + revisionBump(snapshot, live, at);
          assert.ok(Number.isSafeInteger(begin));
          assert.ok(begin >= snapshot + 1_000_000_000);
          if (live !== undefined) assert.ok(begin >= live + 1_000_000_000);
          const again = snapshot + revisionBump(snapshot, undefined, at + 60_000);
          assert.ok(live !== undefined || again >= begin);
        },
      ),
    );
  });
});
