import { Poller } from "./support/poller.ts";
import { Project } from "./support/project.ts";
import { printFailovers } from "./support/failovers.ts";
import { badFlag } from "./scenarios/bad-flag.ts";
import { badInput } from "./scenarios/bad-input.ts";
import { bringUp } from "./scenarios/bring-up.ts";
import { broughtBack } from "./scenarios/brought-back.ts";
import { certificateRenewal } from "./scenarios/certificate-renewal.ts";
import { configChange } from "./scenarios/config-change.ts";
import { deadServer } from "./scenarios/dead-server.ts";
import { destroy } from "./scenarios/destroy.ts";
import { holderFails, overload } from "./scenarios/faults.ts";
import { killed } from "./scenarios/killed.ts";
import { noChange } from "./scenarios/no-change.ts";
import { newWorker } from "./scenarios/new-worker.ts";
import { nodeChange } from "./scenarios/node-change.ts";
import { nodes } from "./scenarios/nodes.ts";
import { roles } from "./scenarios/roles.ts";
import { secrecy } from "./scenarios/secrecy.ts";
import { smoke } from "./scenarios/smoke.ts";
import { workerLoss } from "./scenarios/worker-loss.ts";
import { workloads } from "./scenarios/workloads.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// One cluster, on five lab hosts of its own, goes through all scenarios in this order: bringing one up for each would
// take too long. A scenario leaves a healthy cluster behind. After a failure the rest is not run: it would fail for the
// same reason and hide it.
describe("a cluster on lab hosts", function () {
  this.timeout(600_000);
  stopAtFirstFailure(this);
  const project = new Project("cluster");

  before(() => project.create());
  printFailovers(project);
  after(async () => {
    await Poller.stopAll();
    await project.remove();
  });

  roles(project, { all: false, kills: 1 });
  killed(project);
  bringUp(project);
  nodes(project);
  noChange(project);
  secrecy(project);
  badInput(project);
  configChange(project);
  badFlag(project);
  certificateRenewal(project);
  deadServer(project);
  overload(project);
  holderFails(project, "kill");
  workloads(project);
  nodeChange(project);
  workerLoss(project);
  smoke(project);
  newWorker(project);
  broughtBack(project);
  destroy(project);
});
