import assert from "node:assert/strict";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { addHosts, controlPlaneLine, nothingLost, removeHosts, settled } from "../support/roster.ts";

/** Hosts are lost, come back, are swapped and cannot be reached. */
export function losses(project: Project): void {
  describe("a host that is gone for good", () => {
    it("is refused by name until it is declared lost, and then leaves without a word", async () => {
      await project.expect(0, "lab", "add", "cp1", "10.27.0.11");
      // After that: whatever is off and in the inventory is booted together with a host that is added.
      await project.expect(0, "lab", "kill", "cp3");
      removeHosts(project, "cp3");
      addHosts(project, controlPlaneLine("cp1"));
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp3: the host is to leave the cluster but cannot be reached.*--lost cp3/);
      const writer = await Poller.start(project, { interval: 100, write: `lost-${Date.now()}` });
      await project.expect(0, "up", "--yes", "--lost", "cp3");
      await nothingLost(project, "lost", writer);
      await settled(project, ["cp1", "cp2", "cp4"]);
    });

    it("is refused when it comes back as it was, until it is reset", async () => {
      await project.expect(0, "lab", "start", "cp3");
      addHosts(project, `  { name: "cp3", address: "10.27.0.13", roles: ["worker"] },`);
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp3: the host was declared lost and is back .*reset cp3/);
      await project.expect(0, "reset", "cp3", "--yes", "--force");
      await project.expect(0, "up", "--yes");
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });

  describe("a host under the same name with a fresh disk", () => {
    it("is refused until it is said that it takes the other's place, and then is one member and one Node", async () => {
      await project.expect(0, "lab", "wipe", "cp2");
      const refused = await project.expect(3, "up", "--yes");
      assert.match(refused.text, /cp2: .*--replace cp2/);
      const writer = await Poller.start(project, { interval: 100, write: `fresh-${Date.now()}` });
      await project.expect(0, "up", "--yes", "--replace", "cp2");
      await nothingLost(project, "fresh disk", writer);
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });

  describe("a host that cannot be reached during a change of others", () => {
    it("is left as it is, the others are done, and the exit code says so", async () => {
      await project.expect(0, "lab", "partition", "w1");
      project.configure("apiserverArgs", '{ v: "1" }');
      const run = await project.expect(1, "up", "--yes");
      for (const host of ["cp1", "cp2", "cp4"]) assert.match(run.text, new RegExp(`updated controlplane on ${host}`));
      assert.match(run.text, /not done, left as it is: w1: /);
      await project.expect(0, "lab", "heal", "w1");
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });
}
