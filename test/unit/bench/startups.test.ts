import assert from "node:assert/strict";
import { dropPercentage, parseStartupLimit, StartupGate } from "../../../bench/fleet/startups.ts";

const limit = { start: 10, rate: 30, full: 100 };

/** Numbers from 0 up to 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("bench/fleet MaxStartups", () => {
  it("is read as sshd writes it", () => {
    assert.deepEqual(parseStartupLimit("10:30:100"), limit);
    for (const text of ["10", "10:30", "10:130:100", "100:30:10", "a:b:c"]) {
      assert.throws(() => parseStartupLimit(text), /START:RATE:FULL such as 10:30:100/);
    }
  });

  it("drops nobody below the start, a share from there on, and everybody at the full number", () => {
    assert.deepEqual(
      [0, 9, 10, 55, 99, 100, 500].map((waiting) => dropPercentage(limit, waiting)),
      [0, 0, 30, 65, 99, 100, 100],
    );
  });

  it("drops with that probability", () => {
    for (const [waiting, expected] of [
      [10, 0.3],
      [55, 0.65],
    ] as const) {
      const gate = new StartupGate(limit, seeded(7));
      gate.waiting = waiting;
      const tries = 10_000;
      for (let n = 0; n < tries; n++) {
        if (gate.arrive()) gate.leave();
      }
      assert.ok(Math.abs(gate.dropped / tries - expected) < 0.02, `${gate.dropped} of ${tries}`);
    }
  });

  it("counts who waits, and lets everybody in without a limit", () => {
    const gate = new StartupGate(limit, () => 0);
    for (let n = 0; n < 12; n++) gate.arrive();
    assert.deepEqual([gate.waiting, gate.most, gate.dropped], [10, 10, 2]);
    gate.leave();
    assert.equal(gate.arrive(), true);
    gate.reset();
    assert.deepEqual([gate.waiting, gate.most, gate.dropped], [10, 10, 0]);
    const open = new StartupGate(undefined, () => 0);
    for (let n = 0; n < 200; n++) assert.equal(open.arrive(), true);
  });
});
