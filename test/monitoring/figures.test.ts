import { monitoring } from "../e2e/scenarios/monitoring.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other.
describe("figures", function () {
  // The images may have to be built, and nothing may alarm for an hour.
  this.timeout(7_200_000);
  stopAtFirstFailure(this);
  const project = new Project("monitoring");

  before(async () => {
    await project.create();
    await project.expect(0, "up", "--yes");
  });
  after(async () => {
    await Poller.stopAll();
    await project.remove();
  });

  monitoring(project);
});
