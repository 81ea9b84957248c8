import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMarked, keepReport, mark, readReports } from "../../../../cli/loadtest/history.ts";
import { projectAt, type Project } from "../../../../cli/project/project.ts";
import { loadOf } from "../../../../plan/loadtest/profiles.ts";
import type { LoadTestReport } from "../../../../plan/loadtest/report.ts";

describe("earlier load tests", () => {
  let project: Project;

  beforeEach(() => {
    project = projectAt(mkdtempSync(join(tmpdir(), "plinth-loadtest-")));
  });
  afterEach(() => {
    rmSync(project.dir, { recursive: true });
  });

  const report = (minute: number, stack = "prod"): LoadTestReport => ({
    ...{ format: 1, stack, id: `a${minute}`, begun: `2026-06-01T12:${String(minute).padStart(2, "0")}:00.000Z` },
    ...{
      seconds: 60,
      endpoint: "https://192.0.2.10:6443",
      load: loadOf("small"),
      result: "ok",
      problems: [],
      remarks: [],
    },
    ...{ operations: [], clients: [], timeline: [], etcd: [], holders: {}, changes: [], balancer: [] },
    generator: { heldBack: 0, delay: 0, watches: 0 },
  });

  it("are kept for each stack, the last twenty, for this user alone", () => {
    for (let minute = 0; minute < 25; minute += 1) keepReport(project, report(minute));
    const other = keepReport(project, report(0, "other"));
    assert.equal(statSync(other).mode & 0o777, 0o600);
    assert.deepEqual(
      readReports(project, "prod").map(({ id }) => id),
      Array.from({ length: 20 }, (_, index) => `a${index + 5}`),
    );
    assert.equal(readReports(project, "other").length, 1);
    assert.deepEqual(readReports(project, "none"), []);
  });

  it("are left out where they cannot be read", () => {
    const path = keepReport(project, report(1));
    writeFileSync(path, '{"format":');
    keepReport(project, report(2));
    assert.deepEqual(
      readReports(project, "prod").map(({ id }) => id),
      ["a2"],
    );
  });

  it("leave a mark from their beginning until nothing is left of them", () => {
    assert.equal(isMarked(project, "prod"), false);
    mark(project, "prod", "plinth-loadtest-0a");
    assert.deepEqual([isMarked(project, "prod"), isMarked(project, "other")], [true, false]);
    keepReport(project, report(1));
    assert.equal(readReports(project, "prod").length, 1);
    mark(project, "prod", undefined);
    mark(project, "prod", undefined);
    assert.equal(isMarked(project, "prod"), false);
    assert.equal(readdirSync(join(project.workDir, "loadtest", "prod")).length, 1);
  });
});
