import assert from "node:assert/strict";
import { defaultVersions } from "../../../artifacts/index.ts";
import { killWhenOnHost } from "../support/kill.ts";
import type { Project } from "../support/project.ts";
import { kubectlOnHost } from "../support/roster.ts";
import { laterContainerd } from "./node-change.ts";

/** A change that drains Nodes is given up in the middle. */
export function interruptedDrain(project: Project): void {
  describe("another version of containerd", () => {
    it("that is given up after its run was killed in a drain leaves no Node cordoned", async () => {
      project.configure("containerdVersion", laterContainerd);
      const mark = `${kubectlOnHost} get node cp1 -o jsonpath={.metadata.annotations.plinth/drained}`;
      await killWhenOnHost(project, "cp2", `test -n "$(${mark})"`);
      project.configure("containerdVersion", defaultVersions["containerd"] ?? "");
      await project.expect(0, "up", "--yes");
      const cordoned = ["get", "nodes", "-o", "jsonpath={.items[*].spec.unschedulable}"];
      assert.equal((await project.expect(0, "kubectl", ...cordoned)).stdout.trim(), "");
      assert.equal(await project.read("cp2", mark), "");
      project.unset("containerdVersion");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
