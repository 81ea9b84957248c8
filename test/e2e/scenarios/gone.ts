import assert from "node:assert/strict";
import { allHosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** All hosts are made anew under a stack that knows a cluster on them. Leaves another cluster behind. */
export function gone(project: Project): void {
  describe("a cluster whose hosts are all gone", () => {
    it("is followed by a new one in one run, and the run says why", async () => {
      await project.expect(0, "lab", "down");
      const { text } = await project.expect(0, "up", "--yes");
      assert.match(text, /set aside by override:cluster-gone: cp1, cp2, cp3: .* other machines than then/);
      await healthy(project);
      const { stdout } = await project.expect(0, "kubectl", "get", "nodes", "-o", "name");
      assert.deepEqual(stdout.trim().split("\n").sort(), allHosts.map((host) => `node/${host}`).sort());
    });

    it("leaves nothing to do, and is no finding any more", async () => {
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      const { text } = await project.expect(0, "preview");
      assert.doesNotMatch(text, /cluster-gone/);
      await project.expect(0, "drift");
    });
  });
}
