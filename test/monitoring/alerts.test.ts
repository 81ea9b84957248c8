import { alerts } from "../e2e/scenarios/alerts.ts";
import { Backups } from "../e2e/support/backups.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other.
describe("alerts by real faults", function () {
  // The images may have to be built, and some faults take half an hour until somebody has to know.
  this.timeout(3_600_000);
  stopAtFirstFailure(this);
  const project = new Project("alerts");
  let backups: Backups | undefined;

  before(async () => {
    await project.create();
    backups = await Backups.make(project);
    await project.expect(0, "up", "--yes");
  });
  after(async () => {
    await Poller.stopAll();
    backups?.close();
    await project.remove();
  });

  alerts(project, () => {
    if (backups === undefined) throw new Error("the operator's key is not made yet");
    return backups;
  });
});
