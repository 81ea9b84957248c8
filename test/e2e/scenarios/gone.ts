import assert from "node:assert/strict";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** All hosts are made anew under a stack that knows a cluster on them. Leaves another cluster behind. */
export function gone(project: Project): void {
  describe("a cluster whose hosts are all gone", () => {
    it("is followed by a new one in one run, and the run says why", async () => {
      const nodes = async (...args: string[]) =>
        (await project.expect(0, "kubectl", "get", "nodes", "-o", "name", ...args)).stdout.trim().split("\n").sort();
      const before = await nodes();
      // Scenarios before this one may have left other hosts in the inventory, in another order.
      const controlPlane = await nodes("--selector", "node-role.kubernetes.io/control-plane");
      await project.expect(0, "lab", "down");
      const { text } = await project.expect(0, "up", "--yes");
      const [, named = ""] = /set aside by override:cluster-gone: (.*?): .* other machines than then/.exec(text) ?? [];
      const hosts = named.split(", ").map((name) => `node/${name}`);
      assert.deepEqual(hosts.sort(), controlPlane);
      await healthy(project);
      assert.deepEqual(await nodes(), before);
    });

    it("leaves nothing to do, and is no finding any more", async () => {
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      const { text } = await project.expect(0, "preview");
      assert.doesNotMatch(text, /cluster-gone/);
      await project.expect(0, "drift");
    });
  });
}
