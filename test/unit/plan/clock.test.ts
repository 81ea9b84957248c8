import assert from "node:assert/strict";
import fc from "fast-check";
import { certainSkews, readClock } from "../../../plan/clock.ts";

describe("plan/clock", () => {
  it("takes the middle of what is not known, and half of it as the uncertainty", () => {
    const { skew, skewUncertainty } = readClock({ clock: 1001, elapsed: 1 }, 1000, 1003);
    assert.equal(skewUncertainty, 1);
    assert.equal(skew, -1);
  });

  it("is certain of nothing that the way may have made", () => {
    const seconds = fc.double({ min: 0, max: 20, noNaN: true });
    const clock = fc.record({
      skew: fc.double({ min: -1, max: 1, noNaN: true }),
      before: seconds,
      took: seconds,
      after: seconds,
    });
    fc.assert(
      fc.property(fc.array(clock, { minLength: 1, maxLength: 9 }), (clocks) => {
        const readings = clocks.map(({ skew, before, took, after }) =>
          readClock({ clock: 1000 + before + took + skew, elapsed: took }, 1000, 1000 + before + took + after),
        );
        for (const certain of certainSkews(readings)) assert.ok(Math.abs(certain) <= 2 + 1e-6, String(certain));
      }),
    );
  });

  it("sees a difference that is larger than what is not known", () => {
    const right = { skew: 0, skewUncertainty: 1 };
    const [, , late, ahead] = certainSkews([
      right,
      right,
      { skew: -8, skewUncertainty: 1 },
      { skew: 5, skewUncertainty: 0.5 },
    ]);
    assert.equal(late, -6);
    assert.equal(ahead, 3.5);
  });
});
