import assert from "node:assert/strict";
import { fingerprint } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";

/** A second run. */
export function noChange(project: Project): void {
  describe("an up without changes", () => {
    it("changes no file, restarts no unit, and connects once to each host", async () => {
      const before = await fingerprint(project);
      const { stdout } = await project.expect(0, "up", "--yes", "--expect-no-changes");
      assert.equal(await fingerprint(project), before);
      assert.match(stdout, /5 connections to 5 hosts \(at most 1 per host\), 5 round trips/);
    });
  });
}
