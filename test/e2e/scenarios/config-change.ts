import assert from "node:assert/strict";
import { assertOneAtATime, hosts, lastRestart, startTimes } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import { changedLines } from "../support/preview.ts";
import type { Project } from "../support/project.ts";

/** A flag of the API server is changed. */
export function configChange(project: Project): void {
  describe("a changed flag of the API server", () => {
    it("shows as one line per host in the preview, and nothing else", async () => {
      project.configure("apiserverArgs", "{ goaway-chance: '0.002' }");
      const { stdout } = await project.expect(0, "preview", "--diff");
      const changed = ["-|  --goaway-chance=0.001", "+|  --goaway-chance=0.002"];
      assert.deepEqual(
        [...changedLines(stdout).values()],
        hosts.map(() => changed),
        stdout,
      );
      assert.match(stdout, /Plan: 3 to update\./);
    });

    it("rolls through the hosts one at a time, and no client sees a failed request", async () => {
      const before = await Promise.all(hosts.map((host) => startTimes(project, host)));
      const alone = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const shared = await Poller.start(project, { path: "/api/v1/namespaces/default", http2: true });
      await project.expect(0, "up", "--yes");
      const [aloneReport, sharedReport] = [await alone.stop(), await shared.stop()];
      assert.deepEqual(aloneReport.failures, [], "connections of their own");
      assert.deepEqual(sharedReport.failures, [], "one shared connection");

      assertOneAtATime(await Promise.all(hosts.map((host) => lastRestart(project, host, ["kube-apiserver"]))));
      const after = await Promise.all(hosts.map((host) => startTimes(project, host)));
      for (const unit of ["etcd", "haproxy", "keepalived"]) {
        hosts.forEach((host, index) => {
          assert.equal(after[index]?.[unit], before[index]?.[unit], `${unit} on ${host} was left alone`);
        });
      }
      console.log(`      longest gap between answers: ${aloneReport.gap} ms alone, ${sharedReport.gap} ms shared`);
    });

    it("leaves nothing to change", async () => {
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
