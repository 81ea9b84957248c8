import assert from "node:assert/strict";
import { rounds, stopped, type Fault } from "../support/alerting.ts";
import { disk, type Backups } from "../support/backups.ts";
import type { Project } from "../support/project.ts";
import { makeSets } from "../support/sets.ts";
import { Watch } from "../support/watch.ts";

/** Alerts by real faults. The cluster has to be there. */
export function alerts(project: Project, backups: () => Backups): void {
  describe("alerts", () => {
    let watch: Watch;

    before(async () => {
      watch = await Watch.begin(project);
      backups().configure([disk], { everyMinutes: 5, keep: { last: 2, days: 0 } });
      await project.expect(0, "up", "--yes");
      await makeSets(project);
    });
    after(() => watch.end());

    /** Waits until all of them are told, or told to be over. Returns how long the last one took, seconds. */
    async function wait(faults: readonly Fault[], status: "firing" | "resolved", since: number): Promise<void> {
      await Promise.all(
        faults.flatMap(({ what, alerts: names, seconds }) =>
          names.map(async (name) => {
            const { at, summary } = await watch.until(name, status, since, seconds);
            const after = `${Math.round((at - since) / 1000)} s`;
            console.log(
              status === "firing"
                ? `      ${what}: ${name} after ${after}: ${summary}`
                : `      ${name} is over after ${after}`,
            );
          }),
        ),
      );
    }

    it("say nothing of a cluster that is well, but that they arrive", async () => {
      const since = Date.now();
      await watch.beats(2);
      assert.deepEqual(await watch.toldSince(since), []);
    });

    for (const [title, faults] of Object.entries(rounds))
      it(`tell of ${title}: of each fault, of nothing else, and of its end`, async () => {
        const since = Date.now();
        await Promise.all(faults.map(({ make }) => make(project)));
        await wait(faults, "firing", since);
        const mended = Date.now();
        await Promise.all(faults.map(({ mend }) => mend(project)));
        await wait(faults, "resolved", mended);
        assert.deepEqual(await watch.toldSince(since), faults.flatMap(({ alerts: names }) => names).toSorted());
      });

    it("are not lost with the host of one of two copies of Prometheus and Alertmanager", async () => {
      const service = "HostServiceDown cp3 kube-scheduler kube-scheduler.service";
      const since = Date.now();
      const scheduler = stopped("cp3", "kube-scheduler");
      await scheduler.make(project);
      await project.expect(0, "lab", "kill", "w1");
      const waits = [`HostDown w1`, service];
      for (const name of waits) await watch.until(name, "firing", since, 900);
      const mended = Date.now();
      await project.expect(0, "lab", "start", "w1");
      await scheduler.mend(project);
      for (const name of waits) await watch.until(name, "resolved", mended, 900);
      assert.deepEqual(await watch.toldSince(since), waits.toSorted());
      for (const { alert, times } of await watch.messages(since))
        console.log(
          `      ${alert}: told after ${times.map((at) => `${Math.round((at - since) / 1000)} s`).join(", ")}`,
        );
    });
  });
}
