import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(import.meta.dirname, "../../../..");

function run(test: string): { code: number | null; tally: unknown; said: string } {
  const dir = mkdtempSync(join(tmpdir(), "plinth-reporter-"));
  try {
    writeFileSync(join(dir, "some.test.mjs"), test);
    const result = spawnSync(
      process.execPath,
      [
        join(project, "node_modules/mocha/bin/mocha.js"),
        "--reporter",
        join(project, "cli/testing/reporter.ts"),
        join(dir, "some.test.mjs"),
      ],
      {
        encoding: "utf8",
        env: { ...process.env, PLINTH_TALLY: join(dir, "tally.json"), PLINTH_TEST_EXIT_GRACE: "0.2" },
      },
    );
    const tally: unknown = JSON.parse(readFileSync(join(dir, "tally.json"), "utf8"));
    return { code: result.status, tally, said: result.stderr };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe("the reporter of the test command", () => {
  it("leaves the numbers of a run that ends", () => {
    const { code, tally } = run(`it("passes", () => {}); it.skip("is skipped", () => {});`);
    assert.equal(code, 0);
    assert.deepEqual(tally, { passed: 1, failed: 0, skipped: 1 });
  });

  it("tells how many tests were not run because a hook failed, or a test before a suite that stops at failures", () => {
    const tests = `it("is one", () => {}); it("is another", () => {});`;
    const hook = run(`describe("some", () => { before(() => { throw new Error("no"); }); ${tests} });`);
    assert.deepEqual(hook.tally, { passed: 0, failed: 1, skipped: 0 });
    assert.match(hook.said, /^2 tests were not run: a hook before them, or a test before their suite, failed$/m);
    const other = run(
      `describe("one", () => { it("fails", () => { throw new Error("no"); }); });` +
        `describe("another", function () { this.bail(true); ${tests} });`,
    );
    assert.deepEqual(other.tally, { passed: 0, failed: 1, skipped: 0 });
    assert.match(other.said, /^2 tests were not run: /m);
  });

  it("ends a run whose tests left something running, and counts a failure", () => {
    const { tally, said } = run(`it("passes", () => { setInterval(() => {}, 1000); });`);
    assert.deepEqual(tally, { passed: 1, failed: 1, skipped: 0 });
    assert.match(said, /left something running: .*Timeout/);
  });
});
