import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import {
  appendRun,
  historyPath,
  mostBytes,
  mostDurations,
  mostOfOne,
  mostRuns,
  parseHistory,
  readHistory,
  sampleOf,
  type PastRun,
} from "../../../local/history.ts";

const run = (more: Partial<PastRun> = {}): PastRun => ({
  ...{ command: "up", began: "2026-11-30T02:41:00.000Z", duration: 61_000, result: "done", hosts: 5 },
  phases: [{ name: "converge", duration: 60_000 }],
  steps: [{ kind: "update etcd", count: 3, durations: [10, 20, 30] }],
  changes: { update: 3 },
  ...more,
});

describe("the history of a stack", function () {
  this.timeout(60_000);
  let folder: string;
  const path = (): string => historyPath(folder, "prod");
  const lines = (): string[] => readFileSync(path(), "utf8").trimEnd().split("\n");
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-history-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is empty before the first run, and has runs in the order in which they were written, for this user only", async () => {
    assert.deepEqual(readHistory(folder, "prod"), []);
    await appendRun(folder, "prod", run());
    await appendRun(folder, "prod", run({ command: "drift", result: "drift", differences: 2 }));
    await appendRun(folder, "other", run());
    assert.deepEqual(
      readHistory(folder, "prod").map(({ command }) => command),
      ["up", "drift"],
    );
    assert.deepEqual(readHistory(folder, "prod")[0], run());
    assert.equal(statSync(path()).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(path())).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(dirname(path())).sort(), ["other.jsonl", "prod.jsonl"]);
  });

  it("is read whatever has become of it, and is whole again after the next run", async () => {
    const half = JSON.stringify(run()).slice(0, 40);
    const old = '{"kind":"update etcd","duration":1200}';
    const wrong = JSON.stringify({ ...run(), duration: -1 });
    const later = JSON.stringify({ ...run({ command: "later" }), unheardOf: true });
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), ["", "\u0000", "[]", "null", old, wrong, half, later, half].join("\n"));
    assert.deepEqual(
      readHistory(folder, "prod").map(({ command }) => command),
      ["later"],
    );
    await appendRun(folder, "prod", run());
    assert.equal(lines().length, 2);
    assert.equal(readHistory(folder, "prod").length, 2);
  });

  it("keeps the newest runs, and no more bytes than it may", async () => {
    const kinds = Array.from({ length: 100 }, (_, index) => ({
      kind: `update role number ${index}`,
      count: 500,
      durations: Array.from({ length: mostDurations }, (__, n) => 1_000_000 + n),
    }));
    const large = JSON.stringify(run({ steps: kinds }));
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(path(), `${large}\n`.repeat(80));
    assert.ok(statSync(path()).size > mostBytes);
    await appendRun(folder, "prod", run({ command: "newest" }));
    assert.ok(statSync(path()).size <= mostBytes);
    assert.ok(lines().length > 10);
    assert.equal(readHistory(folder, "prod").at(-1)?.command, "newest");
    const many = Array.from({ length: mostRuns + 50 }, (_, n) => `${JSON.stringify(run({ command: `c${n % 5}` }))}\n`);
    writeFileSync(path(), many.join(""));
    await appendRun(folder, "prod", run({ command: "newest" }));
    assert.equal(lines().length, mostRuns);
    assert.equal(readHistory(folder, "prod").at(-1)?.command, "newest");
  });

  it("keeps what was changed, however often something else is run by a timer", async () => {
    mkdirSync(dirname(path()), { recursive: true });
    const looks = `${JSON.stringify(run({ command: "drift" }))}\n`.repeat(mostRuns);
    writeFileSync(path(), `${JSON.stringify(run())}\n${looks}`);
    await appendRun(folder, "prod", run({ command: "drift", result: "drift" }));
    const kept = readHistory(folder, "prod");
    assert.deepEqual([kept.length, kept[0]?.command, kept.at(-1)?.result], [mostOfOne + 1, "up", "drift"]);
  });

  it("loses none of the runs that end at the same time", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `run ${index}`);
    await Promise.all(names.map((command) => appendRun(folder, "prod", run({ command }))));
    assert.deepEqual(
      readHistory(folder, "prod")
        .map(({ command }) => command)
        .sort(),
      names,
    );
  });

  it("says so when it cannot be written, and refuses what it could not read again", async () => {
    await assert.rejects(appendRun(folder, "prod", run({ duration: -1 })));
    writeFileSync(join(folder, ".plinth"), "a file where the folder should be");
    await assert.rejects(appendRun(folder, "prod", run()), /ENOTDIR|EEXIST/);
  });

  it("keeps of many durations a sample with the shortest and the longest, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 200 }), (all) => {
        const sample = sampleOf(all);
        const sorted = all.map(Math.round).sort((a, b) => a - b);
        assert.equal(sample.length, Math.min(all.length, mostDurations));
        assert.equal(sample[0], sorted[0]);
        assert.equal(sample.at(-1), sorted.at(-1));
        assert.ok(sample.every((value, index) => sorted.includes(value) && value >= (sample[index - 1] ?? 0)));
      }),
    );
  });

  it("never fails on a text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.ok(parseHistory(text).length === 0);
      }),
    );
  });
});
