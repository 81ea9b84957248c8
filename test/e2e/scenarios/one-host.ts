import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { addHosts, controlPlaneLine, nothingLost, removeHosts, settled } from "../support/roster.ts";

/** Three control-plane hosts become one, and three again: the hosts that left are as good as new. */
export function oneHost(project: Project): void {
  describe("one control-plane host", () => {
    it("is what is left when two leave at once", async () => {
      const writer = await Poller.start(project, { interval: 100, write: `one-${Date.now()}` });
      removeHosts(project, "cp1", "cp4");
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "three to one", writer);
      await settled(project, ["cp2"]);
    });

    it("takes the two back", async () => {
      const writer = await Poller.start(project, { interval: 100, write: `back-${Date.now()}` });
      addHosts(project, controlPlaneLine("cp1"), controlPlaneLine("cp4"));
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "one to three", writer);
      await settled(project, ["cp1", "cp2", "cp4"]);
    });
  });
}
