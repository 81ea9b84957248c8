import assert from "node:assert/strict";
import fc from "fast-check";
import { costLine, costOf } from "../../e2e/support/cost.ts";

/** A write a second from second 1 on; those of some seconds were refused. */
const writes = (last: number, refused: readonly number[] = []) =>
  Array.from({ length: last }, (_none, index) => index + 1).map((at) => ({
    ...{ name: `w${at}`, started: at * 1000 - 500, ended: at * 1000 },
    ok: !refused.includes(at),
  }));
const outage = [11, 12, 13, 14, 15];
const without = (last: number, ...gone: number[]): Set<string> =>
  new Set(writes(last).flatMap(({ name }) => (gone.some((at) => name === `w${at}`) ? [] : [name])));
const moments = { set: 5000, loss: 10_200 };

describe("what a disaster has cost", () => {
  it("is told from what a client was told and what is there", () => {
    const cost = costOf(writes(20, outage), without(20, 6, 7, 8, 9, 10), moments);
    assert.deepEqual(cost, {
      ...{ promised: 5, broken: [], lost: ["w6", "w7", "w8", "w9", "w10"] },
      ...{ rpo: 5200, rto: 5800 },
    });
    assert.equal(
      costLine("a case", cost),
      "RPO/RTO a case: the set was 5 s old, 5 acknowledged writes since are lost; 6 s from the loss to the first acknowledged write; 0 of 5 from before the set are lost",
    );
  });

  it("goes by the longest silence, also where writes were acknowledged for a while after the loss", () => {
    const { rto, lost } = costOf(writes(20, outage), without(20, 7, 10), { set: 5000, loss: 8100 });
    assert.deepEqual([rto, lost], [16_000 - 8100, ["w7", "w10"]]);
  });

  it("is a broken promise where anything is missing from before the set, or from after the end", () => {
    assert.deepEqual(costOf(writes(20, outage), without(20, 3, 8, 18), moments).broken, ["w3", "w18"]);
  });

  it("cannot be told of nothing", () => {
    assert.throws(() => costOf(writes(20), without(20), { set: 100, loss: 200 }), /before the set/);
    assert.throws(() => costOf(writes(4), without(4), { set: 2000, loss: 4100 }), /after the loss/);
  });

  it("never counts what is there, nor what nobody was promised", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 20 })), (gone) => {
        const { broken, lost } = costOf(writes(20, outage), without(20, ...gone), moments);
        const named = new Set([...broken, ...lost]);
        for (const { name, ok } of writes(20, outage))
          assert.equal(named.has(name), ok && gone.includes(Number(name.slice(1))), name);
      }),
    );
  });
});
