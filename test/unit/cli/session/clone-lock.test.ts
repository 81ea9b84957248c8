import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProcess } from "../../../../cli/process/identity.ts";
import { projectAt, type Project } from "../../../../cli/project/project.ts";
import { judgeCloneLock, takeCloneLock, type CloneLock } from "../../../../cli/session/clone-lock.ts";

const notStale = (): void => {
  assert.fail("no run has died");
};

describe("the lock of a stack in a clone", () => {
  let dir: string;
  let project: Project;
  let path: string;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "plinth-unit-"));
    project = projectAt(dir);
    path = join(project.workDir, "run.lab.lock");
    const release = await takeCloneLock(project, "lab", "up", notStale);
    release();
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("names the process, 0600, and goes with it", async () => {
    const release = await takeCloneLock(project, "lab", "up", notStale);
    const lock = JSON.parse(readFileSync(path, "utf8")) as CloneLock;
    assert.equal(lock.pid, process.pid);
    assert.equal(lock.startTicks, findProcess(process.pid)?.startTicks);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    release();
    assert.equal(existsSync(path), false);
  });

  it("is refused while another run lives, and says which", async () => {
    const release = await takeCloneLock(project, "lab", "destroy", notStale);
    await assert.rejects(
      takeCloneLock(project, "lab", "up", notStale),
      new RegExp(`Another run works on stack "lab": "plinth destroy", process ${process.pid}, since 2`),
    );
    const other = await takeCloneLock(project, "prod", "up", notStale);
    other();
    release();
  });

  it("is taken over from a dead run, and from another process with the same pid", async () => {
    const dead: CloneLock = { pid: process.pid, startTicks: "1", since: "2026-01-01T00:00:00Z", command: "up" };
    writeFileSync(path, JSON.stringify(dead));
    const seen: CloneLock[] = [];
    const release = await takeCloneLock(project, "lab", "up", (lock) => seen.push(lock));
    assert.deepEqual(seen, [dead]);
    release();
  });

  it("is taken over when it is damaged", async () => {
    writeFileSync(path, '{"pid":');
    const release = await takeCloneLock(project, "lab", "up", notStale);
    release();
  });

  it("judges by pid and start time", () => {
    const lock: CloneLock = { pid: 7, startTicks: "100", since: "", command: "up" };
    const running = { pid: 7, startTicks: "100", name: "node", parent: 1, state: "S" };
    assert.equal(judgeCloneLock(lock, running), "held");
    assert.equal(judgeCloneLock(lock, { ...running, startTicks: "101" }), "stale");
    assert.equal(judgeCloneLock(lock, undefined), "stale");
  });
});
