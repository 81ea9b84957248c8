import { loadTested } from "../e2e/scenarios/loadtest.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other.
describe("load tests", function () {
  this.timeout(1_200_000);
  stopAtFirstFailure(this);
  const project = new Project("loadtest");

  before(async () => {
    await project.create();
    await project.expect(0, "up", "--yes");
  });
  after(async () => {
    await Poller.stopAll();
    await project.remove();
  });

  loadTested(project);
});
