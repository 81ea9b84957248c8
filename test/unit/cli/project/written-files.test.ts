import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../../../cli/errors.ts";
import { writeFiles } from "../../../../cli/project/written-files.ts";
import { renderDashboards } from "../../../../plan/dashboards/index.ts";

describe("files that a command makes from the project", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-written-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("are written where they are not as they should be, and others stay", async () => {
    const files = [
      { path: "a.yaml", text: "a\n" },
      { path: "deep/b.yaml", text: "b\n" },
    ];
    const out = join(folder, "new");
    assert.deepEqual(await writeFiles(out, files), ["a.yaml", "deep/b.yaml"]);
    writeFileSync(join(out, "mine.yaml"), "mine\n");
    writeFileSync(join(out, "a.yaml"), "edited\n");
    const before = statSync(join(out, "deep/b.yaml")).mtimeMs;
    assert.deepEqual(await writeFiles(out, files), ["a.yaml"]);
    assert.equal(statSync(join(out, "deep/b.yaml")).mtimeMs, before);
    assert.equal(readFileSync(join(out, "a.yaml"), "utf8"), "a\n");
    assert.deepEqual(readdirSync(out).toSorted(), ["a.yaml", "deep", "mine.yaml"]);
  });

  it("fail with one sentence where there is no folder to be had", async () => {
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(
      writeFiles(join(folder, "file"), [{ path: "a.yaml", text: "" }]),
      (error) =>
        error instanceof CliError && /file\/a\.yaml cannot be written: .*Name another folder\.$/.test(error.message),
    );
  });

  it("are the dashboards, by ./plinth dashboards", function () {
    this.timeout(30_000);
    const run = () => spawnSync(process.execPath, ["cli/main.ts", "dashboards", folder], { encoding: "utf8" });
    const first = run();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, / {2}cluster\.json +written\n/);
    for (const { path, text } of renderDashboards()) assert.equal(readFileSync(join(folder, path), "utf8"), text);
    assert.match(run().stdout, / {2}cluster\.json +as it was\n/);
  });
});
