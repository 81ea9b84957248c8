import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { instanceName, wayInto } from "../../lab/paths.ts";
import { backedUp } from "../e2e/scenarios/backups.ts";
import { disaster } from "../e2e/scenarios/disaster.ts";
import { expired } from "../e2e/scenarios/expired.ts";
import { lostState } from "../e2e/scenarios/lost-state.ts";
import { refusals } from "../e2e/scenarios/refusals.ts";
import { restoreKills } from "../e2e/scenarios/restore-kills.ts";
import { restored } from "../e2e/scenarios/restore.ts";
import { workloads } from "../e2e/scenarios/workloads.ts";
import { Backups, disk } from "../e2e/support/backups.ts";
import { printFailovers } from "../e2e/support/failovers.ts";
import { operatorAddress } from "../e2e/support/inside.ts";
import { Poller } from "../e2e/support/poller.ts";
import { Project } from "../e2e/support/project.ts";
import { S3Store } from "../e2e/support/s3store.ts";
import { stopAtFirstFailure } from "../support/inOrder.ts";

/** Hosts of which one can be an account that takes backups. */
const like = ["--like", "rclone"];

// One cluster on lab hosts of its own, as in test/e2e/cluster.test.ts: the scenarios build on each other. Its lab has keys of its own, for
// hosts are replaced by others with other keys.
describe("what is lost and brought back", function () {
  // The S3 server may have to be built.
  this.timeout(1_800_000);
  stopAtFirstFailure(this);
  const stateHome = path.join(process.env["PLINTH_E2E_DIR"] ?? tmpdir(), "plinth-e2e-disaster.state");
  const ssh = path.join(stateHome, "plinth/lab/ssh");
  const project = new Project("disaster", {
    sshPrivateKeyFile: path.join(ssh, "id_ed25519"),
    sshKnownHostsFile: path.join(ssh, "known_hosts"),
  });
  const environment = process.env["XDG_STATE_HOME"];
  let backups: Backups | undefined;
  let store: S3Store | undefined;
  const theBackups = (): Backups => {
    if (backups === undefined) throw new Error("the operator's key is not made yet");
    return backups;
  };
  const theStore = (): S3Store => {
    if (store === undefined) throw new Error("the store is not there");
    return store;
  };

  before(async () => {
    process.env["XDG_STATE_HOME"] = stateHome;
    await project.create();
    backups = await Backups.make(project);
    await project.expect(0, "lab", "up", ...like);
    await project.expect(0, "up", "--yes");
  });
  printFailovers(project);
  after(async () => {
    await Poller.stopAll();
    await store?.close();
    backups?.close();
    await project.remove();
    rmSync(stateHome, { recursive: true, force: true });
    if (environment === undefined) Reflect.deleteProperty(process.env, "XDG_STATE_HOME");
    else process.env["XDG_STATE_HOME"] = environment;
  });

  workloads(project);
  lostState(project);
  restored(project, like);

  describe("with targets of backups", () => {
    before(async () => {
      store = await S3Store.create(operatorAddress, wayInto(instanceName(project.dir)));
    });
    after(() => store?.close());

    backedUp(project, theBackups, theStore);
    refusals(project, theBackups, theStore);

    describe("of which one outlives all hosts", () => {
      before(async () => {
        theBackups().useKey();
        theBackups().configure([disk, theStore().target]);
        await project.expect(0, "up", "--yes");
      });
      restoreKills(project, theBackups);
      disaster(project, theBackups);
    });
  });

  expired(project);
});
