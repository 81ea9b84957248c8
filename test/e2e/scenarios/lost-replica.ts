import assert from "node:assert/strict";
import { stopped } from "../support/alerting.ts";
import type { Project } from "../support/project.ts";
import type { Watch } from "../support/watch.ts";

/** A fault while one of two copies of Prometheus and Alertmanager is lost with its host. */
export function lostReplica(project: Project, watching: () => Watch): void {
  it("are not lost with the host of one of two copies of Prometheus and Alertmanager", async () => {
    const service = "HostServiceDown cp3 kube-scheduler kube-scheduler.service";
    const since = Date.now();
    const watch = watching();
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
      console.log(`      ${alert}: told after ${times.map((at) => `${Math.round((at - since) / 1000)} s`).join(", ")}`);
  });
}
