import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeBackendLock, readBackendLocks, type BackendLock } from "../../../../cli/pulumi/backend-locks.ts";

describe("locks of the file backend", () => {
  const lock: BackendLock = { path: "/x.json", pid: 7, username: "root", hostname: "here", timestamp: "2026-01-01" };

  it("are dead when their engine is gone or the pid is another program's", () => {
    assert.equal(judgeBackendLock(lock, "here", undefined), "dead");
    assert.equal(judgeBackendLock(lock, "here", { name: "bash", runAlive: undefined }), "dead");
  });

  it("are orphans when the engine lives and its run does not", () => {
    assert.equal(judgeBackendLock(lock, "here", { name: "pulumi", runAlive: false }), "orphan");
  });

  it("are alive when the run lives, or a person runs pulumi", () => {
    assert.equal(judgeBackendLock(lock, "here", { name: "pulumi", runAlive: true }), "alive");
    assert.equal(judgeBackendLock(lock, "here", { name: "pulumi", runAlive: undefined }), "alive");
  });

  it("of another machine cannot be judged", () => {
    assert.equal(judgeBackendLock(lock, "there", undefined), "elsewhere");
  });

  it("are found where the engine puts them, whatever else lies there", () => {
    const stateDir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    try {
      const backend = { url: `file://${stateDir}`, stateDir };
      assert.deepEqual(readBackendLocks(backend, "plinth", "lab"), []);
      const dir = join(stateDir, ".pulumi", "locks", "organization", "plinth", "lab");
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "a.json"), JSON.stringify({ ...lock, path: undefined }));
      writeFileSync(join(dir, "a.json.attrs"), "{}");
      writeFileSync(join(dir, "b.json"), '{"pid":');
      assert.deepEqual(readBackendLocks(backend, "plinth", "lab"), [{ ...lock, path: join(dir, "a.json") }]);
      assert.deepEqual(readBackendLocks({ url: "s3://x", stateDir: undefined }, "plinth", "lab"), []);
    } finally {
      rmSync(stateDir, { recursive: true });
    }
  });
});
