import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureWorkDir, projectAt, type Project } from "../../../../cli/project/project.ts";

describe("the folder of a project's state", () => {
  let project: Project;
  beforeEach(() => {
    project = projectAt(mkdtempSync(join(tmpdir(), "plinth-unit-")));
  });
  afterEach(() => {
    rmSync(project.dir, { recursive: true, force: true });
  });
  const mode = (): number => statSync(project.workDir).mode & 0o777;

  it("is made for this user alone, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      assert.equal(await ensureWorkDir(project), project.workDir);
    } finally {
      process.umask(before);
    }
    assert.equal(mode(), 0o700);
  });

  it("is closed to others where an earlier release has left it open", async () => {
    for (const left of [0o755, 0o750, 0o701]) {
      mkdirSync(project.workDir, { recursive: true });
      chmodSync(project.workDir, left);
      await ensureWorkDir(project);
      assert.equal(mode(), 0o700);
    }
  });

  it("is refused with what to do when it cannot be closed", async () => {
    // A folder that is open to all and that nobody can close, be it root.
    await assert.rejects(
      ensureWorkDir({ dir: "/proc", workDir: "/proc/sys" }),
      /^CliError: Other users may enter \/proc\/sys, .*chown/,
    );
  });
});
