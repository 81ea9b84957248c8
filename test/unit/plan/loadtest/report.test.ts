import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { compare, comparisonRemarks } from "../../../../plan/loadtest/compare.ts";
import { loadOf, profileNames } from "../../../../plan/loadtest/profiles.ts";
import { parseReport, reportJsonSchema, type LoadTestReport } from "../../../../plan/loadtest/report.ts";
import { operations } from "../../../../plan/loadtest/samples.ts";
import { generatorRemarks, problemsOf, type Verdict } from "../../../../plan/loadtest/verdict.ts";
import { matchSnapshot } from "../../../support/snapshot.ts";

const docs = join(import.meta.dirname, "../../../../docs");
const load = loadOf("small");

/** A report with one figure: the 99th percentile of reads. */
function report(p99: number, more: Partial<LoadTestReport> = {}): LoadTestReport {
  return {
    ...{
      format: 1,
      stack: "prod",
      id: "0a",
      begun: "2026-06-01T12:00:00.000Z",
      seconds: 60,
      endpoint: "https://192.0.2.10:6443",
      load,
    },
    ...{
      result: "ok",
      problems: [],
      remarks: [],
      clients: [],
      timeline: [],
      etcd: [],
      holders: {},
      changes: [],
      balancer: [],
    },
    operations: [
      {
        ...{ verb: "GET", resource: "configmaps", scope: "resource", sent: 10, failed: 0, unanswered: 0 },
        ...{ latency: { p50: 1, p90: 2, p99, max: p99 }, objective: 1000, met: true },
      },
    ],
    generator: { heldBack: 0, delay: 0, watches: 0 },
    ...more,
  };
}

describe("a report of a load test", () => {
  it("has the form that docs/loadtest.schema.json describes", async () => {
    const text = await format(JSON.stringify(reportJsonSchema()), { parser: "json", printWidth: 120 });
    matchSnapshot(join(docs, "loadtest.schema.json"), text);
  });

  it("is read again as it was written, and not where it is none", () => {
    assert.deepEqual(parseReport(JSON.stringify(report(9))), report(9));
    for (const text of ["", "{", "null", '{"format":2}']) assert.equal(parseReport(text), undefined);
  });

  it("is described with all profiles and objectives", () => {
    const page = readFileSync(join(docs, "loadtest.md"), "utf8");
    for (const name of profileNames) {
      const { seconds, rate, objects, bytes, connections, podRate, pods, nodes } = loadOf(name);
      const row = [`\`${name}\``, seconds, rate, objects, bytes, connections, podRate, pods, nodes];
      const cells = row.map((cell) => `${String(cell).replace(/[`.]/g, "\\$&")} +`).join("\\| ");
      assert.match(page, new RegExp(`^\\| ${cells}\\|$`, "m"));
    }
    for (const { verb, resource, scope, objective } of Object.values(operations)) {
      assert.match(page, new RegExp(`^\\| ${verb} ${resource} +\\| ${scope} +\\| ${objective / 1000} s `, "m"));
    }
  });
});

describe("a comparison with earlier runs", () => {
  it("is with the median of those that had the same load", () => {
    const earlier = [10, 50, 30].map((p99) => report(p99));
    const other = report(1, { load: loadOf("large") });
    const found = compare(report(40), [...earlier, other]);
    assert.deepEqual(
      [found?.runs, found?.rows],
      [3, [{ what: "GET configmaps (resource)", now: 40, before: 30, worse: false }]],
    );
  });

  it("calls worse what is half as much again, and by 20 ms", () => {
    const worse = (now: number, before: number): boolean | undefined =>
      compare(report(now), [report(before)])?.rows[0]?.worse;
    assert.deepEqual(
      [worse(46, 30), worse(51, 30), worse(3, 1), worse(149, 100), worse(151, 100)],
      [false, true, false, false, true],
    );
    const found = compare(report(60), [report(30)]);
    assert.ok(found);
    assert.deepEqual(comparisonRemarks(found), [
      "GET configmaps (resource): 60 ms, 2 times as long as in the run before (30 ms)",
    ]);
  });

  it("is none where there was none", () => {
    assert.equal(compare(report(1), []), undefined);
  });
});

describe("the verdict about a load test", () => {
  const verdict = (more: Partial<Verdict> = {}): Verdict => ({
    ...{ operations: report(9).operations, pods: undefined, clients: [], maxGap: 0 },
    ...more,
  });
  const client = (length: number): Verdict["clients"][number] => ({
    ...{ client: "new", sent: 600, failed: 3, silence: length, errors: [] },
    gaps: [{ begin: 1, length, failed: 3, answered: 0, silence: length, errors: [] }],
  });

  it("is good where objectives are met and nothing failed", () => {
    assert.deepEqual(problemsOf(verdict()), []);
  });

  it("names what was slow, what never came up, and gaps", () => {
    const slow = report(1200).operations.map((one) => ({ ...one, met: false }));
    const pods = {
      ...{
        made: 5,
        started: 3,
        late: 2,
        pulled: 0,
        objective: 5000,
        met: false,
        nodes: {},
        reasons: ["there is no room"],
      },
      latency: { p50: 1, p90: 2, p99: 60_000, max: 60_000 },
    };
    assert.deepEqual(problemsOf(verdict({ operations: slow, pods, clients: [client(2.5)] })), [
      "GET configmaps (resource): 1 % took more than 1200 ms, expected at most 1000 ms",
      "pods: 1 % took more than 60000 ms to start, expected at most 5000 ms; 2 had not started after 60 s: there is no room",
      "reads, each by a new connection: 3 of 600 failed, 1 gap, the longest 2.5 s",
    ]);
  });

  it("lets gaps pass that are no longer than they may be", () => {
    assert.deepEqual(problemsOf(verdict({ clients: [client(2.5)], maxGap: 3 })), []);
    assert.match(
      problemsOf(verdict({ clients: [client(3.5)], maxGap: 3 }))[0] ?? "",
      /1 gap longer than 3 s, the longest 3.5 s/,
    );
  });

  it("says where the figures are this machine's own", () => {
    assert.deepEqual(generatorRemarks({ heldBack: 0, delay: 20 }), []);
    assert.equal(generatorRemarks({ heldBack: 2, delay: 200 }).length, 2);
  });
});
