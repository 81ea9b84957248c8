import { shownOnAPage } from "../e2e/scenarios/page.ts";
import { Project } from "../e2e/support/project.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other.
describe("a page", function () {
  this.timeout(1_200_000);
  stopAtFirstFailure(this);
  const project = new Project("page");

  before(async () => {
    await project.create();
    await project.expect(0, "up", "--yes");
  });
  after(() => project.remove());

  shownOnAPage(project);
});
