import assert from "node:assert/strict";
import { alerts } from "../e2e/scenarios/alerts.ts";
import { lostReplica } from "../e2e/scenarios/lost-replica.ts";
import { promptRounds, slowRounds, type Rounds } from "../e2e/support/alerting.ts";
import { Backups } from "../e2e/support/backups.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import type { Watch } from "../e2e/support/watch.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

/** One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other. */
function onACluster(
  name: string,
  rounds: Rounds,
  also?: (project: Project, watching: () => Watch) => void,
): (this: Mocha.Suite) => void {
  return function () {
    // The images may have to be built, and some faults take half an hour until somebody has to know.
    this.timeout(3_600_000);
    stopAtFirstFailure(this);
    const project = new Project(name);
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

    alerts(
      project,
      () => backups ?? assert.fail("the operator's key is not made yet"),
      rounds,
      (watching) => also?.(project, watching),
    );
  };
}

describe("alerts by real faults", onACluster("alerts", promptRounds, lostReplica));
describe("alerts that take their time", onACluster("slow-alerts", slowRounds));
