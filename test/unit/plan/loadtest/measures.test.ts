import assert from "node:assert/strict";
import fc from "fast-check";
import { axisOf, barsOf, chart, digitsOf, gapMarks } from "../../../../plan/loadtest/charts.ts";
import { judgeOperations, timelineOf } from "../../../../plan/loadtest/objectives.ts";
import { judgePods, parsePod, parsePodList, parseWatchLine, podPatience } from "../../../../plan/loadtest/podstart.ts";
import { percentile, percentilesOf, type Sample } from "../../../../plan/loadtest/samples.ts";

const took = (milliseconds: number, more: Partial<Sample> = {}): Sample => ({
  ...{ client: "load", operation: "get", began: 1000, ended: 1000 + milliseconds },
  ...more,
});

describe("percentiles", () => {
  it("are values that occurred, by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.deepEqual(percentilesOf(values), { p50: 50, p90: 90, p99: 99, max: 100 });
    assert.deepEqual(percentilesOf([7]), { p50: 7, p90: 7, p99: 7, max: 7 });
    assert.equal(percentilesOf([]), undefined);
    assert.throws(() => percentile([], 0.5));
  });

  it("are exceeded by no more than the rest of all values, and not by less of them one place before", () => {
    const values = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (all, percent) => {
        const sorted = all.toSorted((a, b) => a - b);
        const value = percentile(sorted, percent / 100);
        const upTo = sorted.filter((one) => one <= value).length;
        const below = sorted.filter((one) => one < value).length;
        assert.ok(upTo * 100 >= percent * sorted.length);
        assert.ok(below * 100 < percent * sorted.length);
      }),
    );
  });
});

describe("latencies beside Kubernetes' objectives", () => {
  const of = (samples: readonly Sample[]) => judgeOperations(samples)[0];

  it("are met when 99 % of the answers came in time", () => {
    const quick = Array.from({ length: 99 }, () => took(20));
    assert.equal(of([...quick, took(4000)])?.met, true);
    assert.equal(of([...quick, took(4000), took(4000)])?.met, false);
  });

  it("have limits of their own for lists", () => {
    const list = (operation: "list-namespace" | "list-cluster", milliseconds: number) =>
      of([took(milliseconds, { operation })]);
    assert.deepEqual(
      [list("list-namespace", 4900), list("list-namespace", 5100), list("list-cluster", 29_000)].map((one) => one?.met),
      [true, false, true],
    );
    assert.deepEqual([list("list-cluster", 1)?.verb, list("list-cluster", 1)?.scope], ["LIST", "cluster"]);
  });

  it("count what was never answered as long as it was waited for, and refusals not at all", () => {
    const silent = of([took(10), took(10_000, { failure: "no answer within 10 s", unanswered: true })]);
    assert.deepEqual([silent?.latency?.max, silent?.met, silent?.failed, silent?.unanswered], [10_000, false, 1, 1]);
    const refused = of([took(10), took(1, { failure: "HTTP 503" })]);
    assert.deepEqual([refused?.latency?.p50, refused?.met, refused?.failed, refused?.unanswered], [10, true, 1, 0]);
  });

  it("are not met where every request failed", () => {
    const one = of([took(1, { failure: "ECONNREFUSED" })]);
    assert.deepEqual([one?.latency, one?.met], [undefined, false]);
  });
});

describe("the time line of a load", () => {
  it("has every request once, in the piece of time in which it began", () => {
    const moments = fc.array(fc.integer({ min: 0, max: 119_999 }), { maxLength: 100 });
    fc.assert(
      fc.property(moments, (begins) => {
        const samples = begins.map((began) => took(5, { began: 1000 + began, ended: 1005 + began }));
        const cells = timelineOf(samples, 1000, 120);
        assert.equal(cells.length, 60);
        assert.equal(
          cells.reduce((sum, { sent }) => sum + sent, 0),
          begins.length,
        );
      }),
    );
  });

  it("tells failures, and no latency where nothing was answered", () => {
    const cells = timelineOf(
      [took(5), took(5, { failure: "HTTP 500" }), took(9, { began: 2500, ended: 2509 })],
      1000,
      3,
    );
    assert.deepEqual(cells, [
      { at: 0, sent: 2, failed: 1, p99: 5 },
      { at: 1, sent: 1, failed: 0, p99: 9 },
      { at: 2, sent: 0, failed: 0 },
    ]);
  });
});

describe("pictures", () => {
  it("have a bar for each value, a digit for each number, and a mark where a gap is", () => {
    assert.equal(barsOf([0, 4, undefined, 8]), "▁▅·█");
    assert.equal(barsOf([0, 0]), "▁▁");
    assert.equal(digitsOf([0, 3, 12]), "·3+");
    const gap = { begin: 1.5, length: 1, failed: 1, answered: 0, silence: 1, errors: [] };
    assert.equal(gapMarks([{ at: 0 }, { at: 1 }, { at: 2 }, { at: 3 }], [gap], 4), "·██·");
    assert.equal(axisOf(12, 60), "0 s     60 s");
    assert.deepEqual(
      chart(
        [
          ["a", "▁▂▃▄▅▆▇█▁▂"],
          ["longer", "··········"],
        ],
        9,
      ),
      ["a       ▁▂▃▄▅▆▇█▁▂", "longer  ··········", "        0 s    9 s"],
    );
  });
});

describe("the start of pods", () => {
  const pod = (more: object = {}) => ({ metadata: { name: "pod-1", resourceVersion: "7" }, spec: {}, ...more });

  it("is when all containers have started", () => {
    const state = (...states: object[]) =>
      parsePod(pod({ status: { containerStatuses: states.map((one) => ({ state: one })) } }));
    assert.equal(state({ running: {} }, { running: {} })?.started, true);
    assert.equal(state({ running: {} }, { waiting: { reason: "ContainerCreating" } })?.started, false);
    assert.equal(
      state({ waiting: { reason: "ErrImagePull", message: "no\u001b[2J" } })?.reason,
      "ErrImagePull: no\\x1b[2J",
    );
    assert.equal(parsePod(pod())?.started, false);
    assert.equal(parsePod({ metadata: { name: "Not A Name", resourceVersion: "1" }, spec: {} }), undefined);
  });

  it("is read from lists and watches, which are over where they make no sense", () => {
    assert.deepEqual(parsePodList({ metadata: { resourceVersion: "9" }, items: [pod(), 1] }).pods.length, 1);
    assert.throws(() => parsePodList({}), /makes no sense/);
    const event = parseWatchLine(JSON.stringify({ type: "DELETED", object: pod() }));
    assert.ok(typeof event === "object" && event.gone && event.pod.name === "pod-1");
    assert.equal(parseWatchLine('{"type":"ERROR","object":{"code":410}}'), "over");
    assert.equal(parseWatchLine("{"), "over");
    assert.equal(parseWatchLine('{"type":"ADDED","object":{}}'), undefined);
  });

  it("counts those that are late as long as they were waited for, and no image that was pulled", () => {
    const lives = [
      { name: "a", made: 0, started: 900, node: "w1" },
      { name: "b", made: 0, started: 30_000, node: "w2" },
      { name: "c", made: 0, reason: "there is no room" },
      { name: "d", made: podPatience },
    ];
    const result = judgePods(lives, new Set(["b"]), podPatience + 1000);
    assert.deepEqual(
      [result.made, result.started, result.late, result.pulled, result.latency?.p50, result.latency?.max, result.met],
      [4, 2, 1, 1, 900, podPatience, false],
    );
    assert.deepEqual([result.nodes, result.reasons], [{ w1: 1, w2: 1 }, ["there is no room"]]);
    assert.equal(judgePods([], new Set(), 0).met, undefined);
  });
});
