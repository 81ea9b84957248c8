import assert from "node:assert/strict";
import fc from "fast-check";
import { progressLine, progressLines, type Ongoing, type ProgressView } from "../../../../cli/progress/lines.ts";

const step = (name: string, elapsed: number, expected?: number): Ongoing => ({ name, elapsed, expected });
const nothing: ProgressView = { phase: undefined, done: undefined, running: [], waiting: 0, next: [] };
const converging: ProgressView = {
  phase: step("converge", 48_900, 190_000),
  done: 11,
  running: [step("runtime on w7", 3000), step("etcd on cp2", 12_400, 20_000)],
  waiting: 23,
  next: [{ name: "control-plane on cp2", awaits: ["etcd on cp2", "a on cp1", "b on cp1"], more: 4 }],
};

describe("what is told of a command that goes on", () => {
  it("is the phase, what runs, what waits for what, and how long that usually takes", () => {
    assert.deepEqual(progressLines(converging, 100, 20), [
      "  … converge 48 s of about 3 min 10 s: 11 done, 2 under way, 23 waiting",
      "    etcd on cp2 (12 s of about 20 s)",
      "    runtime on w7 (3 s)",
      "    control-plane on cp2 waits for etcd on cp2, a on cp1 and 5 more",
    ]);
    assert.equal(
      progressLine(converging),
      "  … converge 48 s of about 3 min 10 s; etcd on cp2 (12 s of about 20 s), runtime on w7 (3 s); " +
        "control-plane on cp2 waits for etcd on cp2, a on cp1 and 5 more",
    );
  });

  it("is a phase alone outside of a run of the engine, and nothing for nothing", () => {
    const look = { ...nothing, phase: step("look", 2000) };
    assert.deepEqual(progressLines(look, 80, 20), ["  … look 2 s"]);
    assert.equal(progressLine(look), "  … look 2 s");
    assert.deepEqual(progressLines(nothing, 80, 20), []);
    assert.equal(progressLine(nothing), undefined);
    // Steps of a run without a phase of its own.
    const steps = { ...nothing, done: 0, running: [step("etcd on cp1", 45_000)] };
    assert.equal(progressLine(steps), "  … etcd on cp1 (45 s)");
    assert.equal(progressLines(steps, 80, 20)[0], "  … 0 done, 1 under way");
  });

  it("fits on the screen, whatever goes on", () => {
    const ongoing = fc.record({
      name: fc.string({ maxLength: 200 }),
      elapsed: fc.nat({ max: 1e7 }),
      expected: fc.option(fc.nat({ max: 1e7 }), { nil: undefined }),
    });
    const view = fc.record({
      phase: ongoing,
      done: fc.nat(),
      running: fc.array(ongoing, { maxLength: 40 }),
      waiting: fc.nat(),
      next: fc.array(
        fc.record({ name: fc.string(), awaits: fc.array(fc.string(), { minLength: 1 }), more: fc.nat() }),
        {
          maxLength: 5,
        },
      ),
    });
    fc.assert(
      fc.property(view, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 30 }), (shown, columns, rows) => {
        const lines = progressLines(shown, columns, rows);
        assert.ok(lines.length >= 1 && lines.length <= rows);
        for (const line of lines) assert.ok(Array.from(line).length <= columns, line);
      }),
    );
  });
});
