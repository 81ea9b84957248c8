import assert from "node:assert/strict";
import { assertOneAtATime, hosts, lastRestart } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

const expiry =
  "openssl x509 -noout -enddate -in /etc/kubernetes/pki/etcd/server.crt 2>/dev/null || sha256sum /etc/kubernetes/pki/etcd/server.crt";

/** All leaf certificates are issued anew: the change that restarts etcd and the API server on every host. */
export function certificateRenewal(project: Project): void {
  describe("renewed certificates", () => {
    it("roll through the hosts one at a time, etcd and API server together, and no client sees a failed request", async () => {
      const before = await project.read("cp1", expiry);
      project.configure("certificateDays", "300");
      const alone = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const shared = await Poller.start(project, { path: "/api/v1/namespaces/default", http2: true });
      const writer = await Poller.start(project, { interval: 200, write: `renewal-${Date.now()}` });
      await project.expect(0, "up", "--yes");
      const reports = { alone: await alone.stop(), shared: await shared.stop(), writer: await writer.stop() };
      for (const [name, report] of Object.entries(reports)) assert.deepEqual(report.failures, [], name);
      assertOneAtATime(await Promise.all(hosts.map((host) => lastRestart(project, host, ["etcd", "kube-apiserver"]))));
      assert.notEqual(await project.read("cp1", expiry), before);
      console.log(
        `      longest gap between answers: ${reports.alone.gap} ms, between writes ${reports.writer.gap} ms`,
      );
    });

    it("leave a healthy cluster with nothing to change", async () => {
      await healthy(project);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
