import assert from "node:assert/strict";
import fc from "fast-check";
import { choosePairs, mostForAll, peersOfMany } from "../../../../plan/networkcheck/pairs.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `h${n}`);

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("the paths that a test of the network tries", () => {
  it("are all of them among few hosts", () => {
    assert.deepEqual(choosePairs(["a"], Math.random), []);
    assert.deepEqual(choosePairs(["a", "b"], Math.random), [
      { from: "a", to: "b" },
      { from: "b", to: "a" },
    ]);
    assert.equal(choosePairs(names(mostForAll), Math.random).length, mostForAll * (mostForAll - 1));
  });

  it("grow with the number of hosts, and have every host as often at both ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: mostForAll + 1, max: 300 }), fc.nat(), (count, seed) => {
        const hosts = names(count);
        const pairs = choosePairs(hosts, randomOf(seed));
        assert.equal(pairs.length, peersOfMany * count);
        assert.equal(new Set(pairs.map(({ from, to }) => `${from} ${to}`)).size, pairs.length, "each once");
        for (const host of hosts) {
          assert.equal(pairs.filter(({ from }) => from === host).length, peersOfMany);
          assert.equal(pairs.filter(({ to }) => to === host).length, peersOfMany);
        }
        assert.ok(pairs.every(({ from, to }) => from !== to));
      }),
      { numRuns: 50 },
    );
  });

  it("lead from every host to every other one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (count, seed) => {
        const pairs = choosePairs(names(count), randomOf(seed));
        const reached = new Set(["h0"]);
        for (const host of reached) for (const { from, to } of pairs) if (from === host) reached.add(to);
        assert.equal(reached.size, count);
      }),
      { numRuns: 50 },
    );
  });

  it("are others in the next run", () => {
    const one = choosePairs(names(50), randomOf(1));
    assert.notDeepEqual(one, choosePairs(names(50), randomOf(2)));
  });
});
