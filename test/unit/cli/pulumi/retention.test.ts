import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropOldCopies, expired } from "../../../../cli/pulumi/retention.ts";

const stamp = (run: number): string => String(1_795_821_719_590_362_000n + BigInt(run));
const history = (run: number, bytes = 10) =>
  ["history.json", "checkpoint.json", "checkpoint.json.attrs"].map((end) => ({
    name: `lab-${stamp(run)}.${end}`,
    bytes,
  }));

describe("copies of a stack's state", () => {
  it("of the newest runs stay, by count", () => {
    const copies = [1, 2, 3, 4, 5].flatMap((run) => history(run));
    const gone = expired(copies, { count: 3, bytes: 1000 });
    assert.deepEqual(gone.sort(), [1, 2].flatMap((run) => history(run).map(({ name }) => name)).sort());
  });

  it("are bounded in size, but for those of the last two runs", () => {
    const copies = [1, 2, 3, 4].flatMap((run) => history(run, 100));
    assert.deepEqual(expired(copies, { count: 10, bytes: 900 }).length, 3);
    assert.deepEqual(expired(copies, { count: 10, bytes: 1 }).length, 6);
  });

  it("are no business of ours where the name is another", () => {
    assert.deepEqual(expired([{ name: "notes.txt", bytes: 1e12 }], { count: 0, bytes: 0 }), []);
  });

  it("go in the project's own folder only, and need not be there", () => {
    const workDir = mkdtempSync(join(tmpdir(), "plinth-retention-"));
    try {
      const project = { dir: workDir, workDir };
      const names = { projectName: "plinth", stack: "lab" };
      const stateDir = join(workDir, "state");
      const folder = join(stateDir, ".pulumi/backups/plinth/lab");
      dropOldCopies(project, { url: undefined, stateDir }, names);
      mkdirSync(folder, { recursive: true });
      for (let run = 1; run <= 5; run++) writeFileSync(join(folder, `lab.${stamp(run)}.json`), "{}");
      dropOldCopies(project, { url: undefined, stateDir: "/elsewhere" }, names, { count: 3, bytes: 1000 });
      assert.equal(readdirSync(folder).length, 5);
      dropOldCopies(project, { url: undefined, stateDir }, names, { count: 3, bytes: 1000 });
      assert.equal(readdirSync(folder).length, 3);
    } finally {
      rmSync(workDir, { recursive: true, force: true });
    }
  });
});
