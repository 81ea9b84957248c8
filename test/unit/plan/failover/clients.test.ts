import assert from "node:assert/strict";
import fc from "fast-check";
import {
  attemptKinds,
  drillProblems,
  summarize,
  summarizeAll,
  summaryLines,
  type Attempt,
} from "../../../../plan/failover/clients.ts";

describe("what clients saw", () => {
  const attempt = (ended: number, failure?: string, kind: Attempt["kind"] = "read"): Attempt => ({
    ...{ kind, began: ended - 5, ended },
    ...(failure === undefined ? {} : { failure }),
  });

  it("is how many failed and why, and the longest time between two good answers", () => {
    const attempts = [attempt(100), attempt(200), attempt(300, "ECONNRESET"), attempt(400, "HTTP 500")];
    attempts.push(attempt(900), attempt(950, "ECONNRESET"), attempt(1000));
    const { sent, failed, longestGap, gapAt, reasons } = summarize(attempts, 50, 1050);
    assert.deepEqual([sent, failed, longestGap, gapAt], [7, 3, 700, 150]);
    assert.deepEqual(reasons, [
      { reason: "ECONNRESET", count: 2 },
      { reason: "HTTP 500", count: 1 },
    ]);
  });

  it("is one gap where nobody was answered, and at the ends of the time", () => {
    assert.equal(summarize([], 0, 60_000).longestGap, 60_000);
    assert.equal(summarize([attempt(100)], 0, 60_000).longestGap, 59_900);
    assert.equal(summarize([attempt(59_000)], 0, 60_000).longestGap, 59_000);
  });

  it("has a gap that lies within the time, and that an answer within it makes shorter", () => {
    const times = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 30 });
    fc.assert(
      fc.property(times, (ends) => {
        const attempts = ends.map((end) => attempt(end));
        const { longestGap, gapAt } = summarize(attempts, 0, 1000);
        assert.ok(longestGap >= 1000 / (ends.length + 1) - 1e-9 && longestGap <= 1000);
        const failing = [...attempts, attempt(gapAt + longestGap / 2, "refused")];
        assert.equal(summarize(failing, 0, 1000).longestGap, longestGap);
        const good = summarize([...attempts, attempt(gapAt + longestGap / 2)], 0, 1000);
        assert.ok(good.longestGap <= longestGap);
        assert.ok(!ends.some((end) => end > gapAt && end < gapAt + longestGap));
      }),
    );
  });

  it("is told for each kind, and judged by the longest gap and by what is not back", () => {
    const attempts = attemptKinds.flatMap((kind) => [attempt(1000, undefined, kind), attempt(5000, undefined, kind)]);
    attempts.push(attempt(3000, "HTTP 500: etcdserver: request timed out", "write"));
    const summaries = summarizeAll(attempts, 0, 6000);
    assert.match(
      summaryLines(summaries)[2] ?? "",
      /^writes: 1 of 3 failed \(1 times HTTP 500: .*\), .* was 4\.0 s, 1\.0 s after/,
    );
    assert.deepEqual(drillProblems(summaries, 4, []), []);
    assert.equal(drillProblems(summaries, 3, []).length, 3);
    assert.deepEqual(drillProblems(summaries, 4, ["the Node of cp1 is not ready"]), [
      "not back: the Node of cp1 is not ready",
    ]);
  });
});
