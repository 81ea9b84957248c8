import assert from "node:assert/strict";
import fc from "fast-check";
import { clientResult, errorsOf, gapsOf, rulesFor } from "../../../../plan/loadtest/gaps.ts";

const good = (ended: number, took = 5) => ({ began: ended - took, ended });
const bad = (ended: number, failure = "ECONNREFUSED", took = 5) => ({ began: ended - took, ended, failure });
/** One good answer every 100 ms. */
const steady = (from: number, to: number) =>
  Array.from({ length: Math.max(0, Math.floor((to - from) / 100)) }, (_, index) => good(from + index * 100));

describe("gaps of a client", () => {
  it("are none where everything is answered in time", () => {
    assert.deepEqual(gapsOf(steady(1000, 11_000), 1000, 11_000), []);
  });

  it("are a time without any answer, even if no request failed", () => {
    const [gap, ...more] = gapsOf([...steady(0, 3000), ...steady(5000, 9000)], 0, 9000);
    assert.deepEqual(more, []);
    assert.deepEqual(gap, { begin: 2.9, length: 2.1, failed: 0, answered: 0, silence: 2.1, errors: [] });
  });

  it("reach from the last good answer before a failure to the next one after it", () => {
    const failures = [3000, 3100, 3200].map((at) => bad(at));
    const outcomes = [...steady(0, 3000), ...failures, bad(3300, "HTTP 503"), ...steady(3400, 6000)];
    assert.deepEqual(gapsOf(outcomes, 0, 6000), [
      {
        ...{ begin: 2.9, length: 0.5, failed: 4, answered: 0, silence: 0.5 },
        errors: [
          { error: "ECONNREFUSED", count: 3 },
          { error: "HTTP 503", count: 1 },
        ],
      },
    ]);
  });

  it("are one where failures go on beside good answers, and tell how long nothing was answered", () => {
    // New requests are answered again from 5000 on, while those of before are still waited for.
    const late = [4000, 4500, 4900].map((began) => ({ began, ended: began + 2000, failure: "no answer" }));
    const outcomes = [...steady(0, 4000), ...late, ...steady(5000, 9000)];
    const [gap, ...more] = gapsOf(outcomes, 0, 9000);
    assert.deepEqual(more, []);
    assert.deepEqual([gap?.begin, gap?.failed, gap?.silence], [3.9, 3, 1.1]);
    assert.ok((gap?.length ?? 0) >= 3 && (gap?.length ?? 0) <= 3.2, String(gap?.length));
    assert.ok((gap?.answered ?? 0) > 10);
  });

  it("are two where all went well between them for a second", () => {
    const outcomes = [...steady(0, 2000), bad(2000), ...steady(2100, 4000), bad(4000), ...steady(4100, 6000)];
    assert.deepEqual(
      gapsOf(outcomes, 0, 6000).map(({ begin, failed }) => [begin, failed]),
      [
        [1.9, 1],
        [3.9, 1],
      ],
    );
  });

  it("last to the end where nobody answers any more, and from the beginning where nobody did", () => {
    assert.deepEqual(
      gapsOf(steady(0, 3000), 0, 8000).map(({ begin, length }) => [begin, length]),
      [[2.9, 5.1]],
    );
    assert.deepEqual(
      gapsOf(steady(5000, 8000), 0, 8000).map(({ begin, length }) => [begin, length]),
      [[0, 5]],
    );
    assert.deepEqual(
      gapsOf([], 0, 8000).map(({ begin, length, silence }) => [begin, length, silence]),
      [[0, 8, 8]],
    );
  });

  it("hold every failure once, lie apart and in order, and leave no silence outside", () => {
    const outcome = fc
      .record({
        ended: fc.integer({ min: 0, max: 60_000 }),
        took: fc.integer({ min: 0, max: 3000 }),
        fails: fc.boolean(),
      })
      .map(({ ended, took, fails }) => (fails ? bad(ended, "x", took) : good(ended, took)));
    // Begin and length are rounded to a hundredth, each by itself: the end that they come to is off by as much, and a little by its binary fractions.
    const rounded = 0.01 + 1e-9;
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), (outcomes) => {
        const gaps = gapsOf(outcomes, 0, 60_000);
        const failed = outcomes.filter((one) => "failure" in one).length;
        assert.equal(
          gaps.reduce((sum, gap) => sum + gap.failed, 0),
          failed,
        );
        for (const [index, { begin, length, silence }] of gaps.entries()) {
          assert.ok(begin >= 0 && begin + length <= 60 + rounded && silence <= length);
          const next = gaps[index + 1];
          assert.ok(next === undefined || next.begin - (begin + length) >= 1 - 2 * rounded);
        }
        const marks = [0, ...outcomes.filter((one) => !("failure" in one)).map(({ ended }) => ended), 60_000];
        const sorted = marks.toSorted((a, b) => a - b);
        for (const [index, mark] of sorted.slice(1).entries()) {
          const before = sorted[index] ?? 0;
          if (mark - before <= 1000) continue;
          const [at, until] = [before / 1000, mark / 1000];
          assert.ok(
            gaps.some(({ begin, length }) => begin <= at + rounded && begin + length >= until - rounded),
            `${at} to ${until}`,
          );
        }
      }),
    );
  });
});

describe("what a client saw", () => {
  it("is told as a whole, with what failed after the load had stopped", () => {
    const outcomes = [...steady(1000, 5000), bad(5500, "no answer", 1000)];
    const { sent, failed, silence, gaps, errors } = clientResult(outcomes, 1000, 5000);
    assert.deepEqual([sent, failed, silence, gaps.length], [41, 1, 0.6, 1]);
    assert.deepEqual(errors, [{ error: "no answer", count: 1 }]);
  });

  it("goes by how often it asks: who asks seldom is not silent, and who asks as it comes never is", () => {
    const outcomes = [0, 2000, 4000, 6000].map((at) => good(at));
    assert.equal(clientResult(outcomes, 0, 8000, rulesFor(2000)).gaps.length, 0);
    assert.equal(clientResult(outcomes, 0, 8000, rulesFor(100)).gaps.length, 1);
    assert.equal(clientResult([good(0)], 0, 60_000, rulesFor(Infinity)).gaps.length, 0);
  });

  it("has reasons with the most frequent first", () => {
    assert.deepEqual(
      errorsOf([bad(1, "b"), bad(2, "a"), bad(3, "c"), bad(4, "c"), good(5)]).map(({ error }) => error),
      ["c", "a", "b"],
    );
  });
});
