import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { eventually } from "../../support/eventually.ts";
import type { Backups } from "../support/backups.ts";
import { killAll, sees } from "../support/kill.ts";
import { finish, type Project } from "../support/project.ts";
import { Recorder } from "../support/recorder.ts";
import { workerPods } from "../support/running.ts";
import { healthy } from "../support/status.ts";

/** The steps that a restore tells when it begins them, see plan/restore/steps.ts. */
const steps = ["stage", "quiet", "stop", "seed", "start", "serve", "finish"] as const;
/** Those at whose beginning something has stopped already. */
const stopped: readonly string[] = ["stop", "seed", "start", "serve"];

/** Folders into which sets are fetched. */
const fetching = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("plinth-restore-"));

/** A restore is killed while it fetches the set and at each of its steps; every run goes on where the one before was. */
export function restoreKills(project: Project, backups: () => Backups): void {
  describe("a restore that is killed at eight points", function () {
    this.timeout(1_800_000);
    let recorder: Recorder;
    let id = "";
    let pods = "";
    let others: ReadonlySet<string>;
    before(async () => {
      backups().useKey();
      others = new Set(fetching());
      pods = await workerPods(project);
      recorder = await Recorder.start(project, "a restore, killed at eight points");
      id = await recorder.backup();
      recorder.loses();
    });

    it("SIGKILL while the set is fetched: nothing has begun", async () => {
      const run = project.start("restore", "--yes", "--backup", id);
      const ended = finish(run);
      await eventually("the set is being fetched", 60, () => {
        if (run.exitCode !== null) throw new Error("the restore has ended before it fetched anything");
        return Promise.resolve(fetching().some((name) => !others.has(name)) ? true : undefined);
      });
      killAll(run);
      assert.notEqual((await ended).code, 0);
      await project.expect(0, "preview");
    });

    for (const step of steps) {
      it(`SIGKILL when ${step} has begun${stopped.includes(step) ? ": an up is refused" : ""}`, async () => {
        // Once hosts have the snapshot, nobody has to say which; who says it goes on all the same.
        const which = steps.indexOf(step) > steps.indexOf("stop") ? [] : ["--backup", id];
        const run = project.start("restore", "--yes", ...which);
        const ended = finish(run);
        await sees(run, new RegExp(`^${step} on `, "m"));
        killAll(run);
        assert.notEqual((await ended).code, 0);
        if (!stopped.includes(step)) return;
        const { text } = await project.expect(3, "up", "--yes");
        assert.match(text, /a restore of etcd's data is under way .*\[restore-under-way\]/);
      });
    }

    it("the next one finishes, no write of before the set is lost, and pods of workers run on", async () => {
      // Hosts may have done the last step by themselves.
      const run = await project.plinth("restore", "--yes");
      if (run.code !== 0) assert.match(run.text, /No restore is under way/);
      const left = fetching().filter((name) => !others.has(name));
      assert.deepEqual(left, [], "what those that were killed had opened is gone");
      const attempts = await recorder.stop();
      assert.deepEqual((await recorder.judge(attempts)).broken, []);
      await project.expect(0, "up", "--yes", "--heal");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      await healthy(project, 180);
      assert.equal(await workerPods(project), pods, "no pod of a worker was restarted");
    });
  });
}
