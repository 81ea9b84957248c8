import assert from "node:assert/strict";
import { assertOneAtATime, hosts, lastRestart } from "../support/hosts.ts";
import { droppedByHandover, Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const expiry =
  "openssl x509 -noout -enddate -in /etc/kubernetes/pki/etcd/server.crt 2>/dev/null || sha256sum /etc/kubernetes/pki/etcd/server.crt";

/** All leaf certificates are issued anew: the change that restarts etcd and the API server on every host. */
export function certificateRenewal(project: Project): void {
  describe("renewed certificates", () => {
    it("roll through the hosts one at a time, etcd and API server together; no read fails, and no write but one that a leader drops as it hands over", async () => {
      const before = await project.read("cp1", expiry);
      project.configure("certificateDays", "300");
      const alone = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const shared = await Poller.start(project, { path: "/api/v1/namespaces/default", http2: true });
      const writer = await Poller.start(project, { interval: 200, write: `renewal-${Date.now()}` });
      await project.expect(0, "up", "--yes");
      const reports = { alone: await alone.stop(), shared: await shared.stop(), writer: await writer.stop() };
      const dropped = reports.writer.failures.filter(droppedByHandover);
      const writes = reports.writer.failures.filter((attempt) => !droppedByHandover(attempt));
      for (const [name, failures] of Object.entries({
        alone: reports.alone.failures,
        shared: reports.shared.failures,
        writes,
      }))
        assert.deepEqual(failures, [], name);
      // Each of the members may have been the leader once.
      assert.ok(dropped.length <= hosts.length, JSON.stringify(dropped));
      assertOneAtATime(await Promise.all(hosts.map((host) => lastRestart(project, host, ["etcd", "kube-apiserver"]))));
      assert.notEqual(await project.read("cp1", expiry), before);
      console.log(
        `      longest gap between answers: ${reports.alone.gap} ms, between writes ${reports.writer.gap} ms, ${dropped.length} dropped by a leader that handed over`,
      );
    });

    it("leave a healthy cluster with nothing to change", async () => {
      await healthy(project);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
