import assert from "node:assert/strict";
import fc from "fast-check";
import {
  expectedDuration,
  usualDurations,
  usualPhase,
  usualRun,
  type TimedRun,
} from "../../../../plan/history/expected.ts";

const run = (steps: Record<string, number[]>, more: Partial<TimedRun> = {}): TimedRun => ({
  ...{ command: "up", result: "done", phases: [] },
  steps: Object.entries(steps).map(([kind, durations]) => ({ kind, durations })),
  ...more,
});

describe("expected duration", () => {
  const past = [run({ etcd: [10, 20] }), run({ etcd: [90], node: [5] })];

  it("is the sum over the waves of their slowest step, each as long as the median of its kind", () => {
    const usual = usualDurations(past);
    assert.deepEqual([...usual].sort(), [
      ["etcd", 20],
      ["node", 5],
    ]);
    assert.deepEqual(expectedDuration([["etcd", "node"], ["etcd"], ["node"]], usual), { known: 45, unknown: [] });
    assert.equal(usualDurations([run({ etcd: [10, 20, 30, 40] })]).get("etcd"), 25);
  });

  it("goes by the newest runs once there are enough", () => {
    const slow = run({ etcd: Array.from({ length: 20 }, () => 100) });
    const quick = run({ etcd: Array.from({ length: 20 }, () => 10) });
    assert.equal(usualDurations([slow, quick]).get("etcd"), 10);
    assert.equal(usualDurations([quick, slow]).get("etcd"), 100);
    // Of a failed run the steps count that it has done.
    assert.equal(usualDurations([quick, { ...slow, result: "failed" }]).get("etcd"), 100);
  });

  it("says which kinds were never done", () => {
    const usual = usualDurations(past);
    assert.deepEqual(expectedDuration([["role"], ["etcd", "role"]], usual), { known: 20, unknown: ["role"] });
    assert.deepEqual(expectedDuration([], usual), { known: 0, unknown: [] });
    assert.deepEqual(expectedDuration([["etcd"]], usualDurations([])), { known: 0, unknown: ["etcd"] });
  });

  const kind = fc.constantFrom("a", "b", "c", "d");
  const durations = fc.array(fc.nat({ max: 1e6 }), { minLength: 1, maxLength: 30 });
  const history = fc.array(
    fc.dictionary(kind, durations).map((steps) => run(steps)),
    { maxLength: 8 },
  );
  const waves = fc.array(fc.array(kind, { minLength: 1, maxLength: 5 }), { maxLength: 6 });

  it("lies between the shortest and the longest that a kind ever took", () => {
    fc.assert(
      fc.property(history, (runs) => {
        const usual = usualDurations(runs);
        for (const name of ["a", "b", "c", "d"]) {
          const all = runs.flatMap(({ steps }) =>
            steps.filter((step) => step.kind === name).flatMap((step) => step.durations),
          );
          const value = usual.get(name);
          assert.equal(value === undefined, all.length === 0);
          if (value !== undefined) assert.ok(value >= Math.min(...all) && value <= Math.max(...all));
        }
      }),
    );
  });

  it("grows with every wave, never with the order or the number of alike steps in one, and knows what it does not know", () => {
    fc.assert(
      fc.property(history, waves, fc.array(kind, { minLength: 1 }), (runs, planned, more) => {
        const usual = usualDurations(runs);
        const { known, unknown } = expectedDuration(planned, usual);
        assert.ok(known >= 0);
        assert.deepEqual(new Set(unknown), new Set(planned.flat().filter((name) => !usual.has(name))));
        assert.ok(expectedDuration([...planned, more], usual).known >= known);
        const shuffled = planned.toReversed().map((wave) => [...wave.toReversed(), ...wave]);
        assert.equal(expectedDuration(shuffled, usual).known, known);
        // All at once takes no longer than one after the other.
        assert.ok(expectedDuration([planned.flat()], usual).known <= known);
      }),
    );
  });
});

describe("the usual duration of a command", () => {
  const took = (
    duration: number,
    more: { command?: string; result?: string; changes?: Record<string, number> } = {},
  ) => ({
    ...{ command: "up", result: "done", changes: { update: 1 }, duration, ...more },
  });

  it("is the median of the last five of its runs that have changed something", () => {
    assert.equal(usualRun([], "up"), undefined);
    const past = [...[999, 10, 30, 20, 50, 40].map((duration) => took(duration)), took(999, { command: "destroy" })];
    const others = [took(1, { result: "failed" }), took(1, { changes: {} })];
    assert.equal(usualRun([...past, ...others], "up"), 30);
    assert.equal(usualRun(others, "up"), undefined);
  });
});

describe("the usual duration of a phase", () => {
  const phased = (duration: number, more: Partial<TimedRun> = {}) =>
    run({}, { phases: [{ name: "look", duration }], command: "drift", ...more });

  it("is the median of the last five runs of the command that came to their end", () => {
    assert.equal(usualPhase([], "drift", "look"), undefined);
    assert.equal(
      usualPhase(
        [1000, 1, 2, 3, 4, 5].map((duration) => phased(duration)),
        "drift",
        "look",
      ),
      3,
    );
    const others = [
      phased(7),
      phased(1, { command: "up" }),
      phased(1, { result: "interrupted" }),
      phased(9, { result: "drift" }),
    ];
    assert.equal(usualPhase(others, "drift", "look"), 8);
    assert.equal(usualPhase(others, "drift", "preview"), undefined);
  });
});
