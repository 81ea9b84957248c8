import { admission } from "../e2e/scenarios/admission.ts";
import { audit } from "../e2e/scenarios/audit.ts";
import { authentication } from "../e2e/scenarios/authentication.ts";
import { hostile } from "../e2e/scenarios/hostile.ts";
import { rotation } from "../e2e/scenarios/rotation.ts";
import { abandoned } from "../e2e/scenarios/abandoned.ts";
import { blockedDrain } from "../e2e/scenarios/blocked-drain.ts";
import { conditions } from "../e2e/scenarios/conditions.ts";
import { consumer } from "../e2e/scenarios/consumer.ts";
import { drift } from "../e2e/scenarios/drift.ts";
import { guards } from "../e2e/scenarios/guards.ts";
import { kills } from "../e2e/scenarios/kills.ts";
import { losses } from "../e2e/scenarios/losses.ts";
import { newWorker } from "../e2e/scenarios/new-worker.ts";
import { oneHost } from "../e2e/scenarios/one-host.ts";
import { holderFails } from "../e2e/scenarios/faults.ts";
import { interruptedDrain } from "../e2e/scenarios/interrupted-drain.ts";
import { gone } from "../e2e/scenarios/gone.ts";
import { site } from "../e2e/scenarios/site.ts";
import { workloads } from "../e2e/scenarios/workloads.ts";
import { pool } from "../e2e/scenarios/pool.ts";
import { twoUps } from "../e2e/scenarios/two-ups.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import { printFailovers } from "../e2e/support/failovers.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other.
describe("the hosts of a cluster", function () {
  this.timeout(600_000);
  stopAtFirstFailure(this);
  const project = new Project("lifecycle");

  before(async () => {
    await project.create();
    await project.expect(0, "up", "--yes");
  });
  printFailovers(project);
  after(async () => {
    await Poller.stopAll();
    await project.remove();
  });

  workloads(project);
  holderFails(project, "pause", "partition");
  interruptedDrain(project);
  drift(project);
  conditions(project);
  consumer(project);
  pool(project);
  twoUps(project);
  guards(project);
  hostile(project);
  audit(project);
  authentication(project);
  admission(project);
  rotation(project);
  newWorker(project);
  abandoned(project);
  blockedDrain(project);
  kills(project);
  losses(project);
  oneHost(project);
  site(project);
  gone(project);
});
