import assert from "node:assert/strict";
import { Backups, disk } from "../support/backups.ts";
import type { Project } from "../support/project.ts";
import { makeSets } from "../support/sets.ts";
import { healthy } from "../support/status.ts";

/** What test/disaster does at length, in short: a set is made, something is deleted, and it is brought back. Leaves no backups configured. */
export function broughtBack(project: Project): void {
  describe("what was deleted, brought back from a backup", () => {
    let backups: Backups;
    before(async () => {
      backups = await Backups.make(project);
    });
    after(() => {
      backups.close();
      project.unset("backup");
    });

    it("is in a set on every target, which opens", async () => {
      backups.configure([disk]);
      await project.expect(0, "up", "--yes");
      await project.expect(0, "kubectl", "create", "namespace", "treasure");
      await project.expect(
        0,
        "kubectl",
        "create",
        "-n",
        "treasure",
        "secret",
        "generic",
        "word",
        "--from-literal=word=found-again",
      );
      const { data, state, text } = await makeSets(project);
      assert.deepEqual([data.stored, state.stored], [["disk"], ["disk"]], text);
      const { stdout } = await project.expect(0, "backup", "verify", data.id ?? "");
      assert.match(stdout, /\(data\) opens, and is what it says$/m);
      await healthy(project);
    });

    it("is back by one command, and nothing is left to do after an up", async () => {
      await project.expect(0, "kubectl", "delete", "namespace", "treasure");
      const { stdout } = await project.expect(0, "restore", "--latest", "--yes");
      assert.match(stdout, /lost +everything that was written since /);
      const secret = ["get", "secret", "-n", "treasure", "word", "-o", "jsonpath={.data.word}"];
      const word = (await project.expect(0, "kubectl", ...secret)).stdout;
      assert.equal(Buffer.from(word, "base64").toString(), "found-again");
      await project.expect(0, "up", "--yes", "--heal");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      await healthy(project, 120);
    });
  });
}
