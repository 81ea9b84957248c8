import assert from "node:assert/strict";
import type { Fault, Rounds } from "../support/alerting.ts";
import { disk, type Backups } from "../support/backups.ts";
import type { Project } from "../support/project.ts";
import { makeSets } from "../support/sets.ts";
import { Watch } from "../support/watch.ts";

/** Alerts by real faults. The cluster has to be there. @param also what is looked at after the faults, by the same monitoring. */
export function alerts(
  project: Project,
  backups: () => Backups,
  rounds: Rounds,
  also: (watch: () => Watch) => void = () => undefined,
): void {
  describe("alerts", () => {
    let begun: Watch | undefined;
    const watching = (): Watch => begun ?? assert.fail("the monitoring is not there yet");

    before(async () => {
      begun = await Watch.begin(project);
      backups().configure([disk], { everyMinutes: 5, keep: { last: 2, days: 0 } });
      await project.expect(0, "up", "--yes");
      await makeSets(project);
    });
    after(() => begun?.end());

    /** Waits until all of them are told, or told to be over. Returns how long the last one took, seconds. */
    async function wait(faults: readonly Fault[], status: "firing" | "resolved", since: number): Promise<void> {
      await Promise.all(
        faults.flatMap(({ what, alerts: names, seconds }) =>
          names.map(async (name) => {
            const { at, summary } = await watching().until(name, status, since, seconds);
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
      const watch = watching();
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
        assert.deepEqual(await watching().toldSince(since), faults.flatMap(({ alerts: names }) => names).toSorted());
      });

    also(watching);
  });
}
