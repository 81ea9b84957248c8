import { Project } from "../e2e/support/project.ts";
import { cutOff } from "../e2e/scenarios/cut-off.ts";
import { machines } from "../e2e/scenarios/machines.ts";
import { roles } from "../e2e/scenarios/roles.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

// Lab hosts of their own, which offer the packages that roles install.
describe("machines and their roles", function () {
  this.timeout(1_800_000);
  stopAtFirstFailure(this);
  const project = new Project("machines");

  before(() => project.create());
  after(() => project.remove());

  roles(project, { all: true, kills: 8 });
  machines(project);
  cutOff(project);
});
