import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/**
 * A snapshot of the operator's own is restored, and a cluster whose hosts are all new begins with it.
 *
 * @param like arguments of `lab up` for the new hosts.
 */
export function restored(project: Project, like: readonly string[] = []): void {
  describe("etcd's data, restored from a file", () => {
    const file = path.join(project.dir, "etcd.db");
    const pods = async (): Promise<string> => {
      const columns =
        "custom-columns=N:.metadata.name,U:.metadata.uid,R:.status.containerStatuses[*].restartCount,H:.spec.nodeName";
      return (await project.expect(0, "kubectl", "get", "pods", "-n", "kube-system", "-o", columns)).stdout;
    };
    const namespaces = async (): Promise<string[]> =>
      (await project.expect(0, "kubectl", "get", "namespaces", "-o", "name")).stdout.trim().split("\n");

    before(async () => {
      await project.expect(0, "kubectl", "create", "namespace", "of-before");
      const access = ["ca.crt", "healthcheck.crt", "healthcheck.key"].map((name) => `/etc/kubernetes/pki/etcd/${name}`);
      const [authority, certificate, key] = access;
      const etcdctl = `/opt/plinth/bin/etcdctl --cacert ${authority ?? ""} --cert ${certificate ?? ""} --key ${key ?? ""}`;
      const save = `${etcdctl} --endpoints https://127.0.0.1:2379 snapshot save /run/etcd.db >/dev/null 2>&1`;
      const controlPlane = ["--selector", "node-role.kubernetes.io/control-plane", "-o", "name"];
      const nodes = (await project.expect(0, "kubectl", "get", "nodes", ...controlPlane)).stdout.trim().split("\n");
      const host = nodes[0]?.replace("node/", "") ?? "";
      const text = await project.read(host, `${save} && base64 /run/etcd.db && rm /run/etcd.db`);
      writeFileSync(file, Buffer.from(text, "base64"), { mode: 0o600 });
      await project.expect(0, "kubectl", "delete", "namespace", "of-before");
      await project.expect(0, "kubectl", "create", "namespace", "of-after");
    });

    it("says in a preview what is lost, and changes nothing", async () => {
      const { stdout } = await project.expect(0, "restore", "--snapshot", file, "--preview");
      assert.match(stdout, /\d+ revisions: etcd is at \d+, the snapshot at \d+/);
      assert.ok((await namespaces()).includes("namespace/of-after"));
    });

    it("brings back what was in it, and nothing since", async () => {
      const before = await pods();
      await project.expect(0, "restore", "--yes", "--snapshot", file);
      await healthy(project, 180);
      const names = await namespaces();
      assert.deepEqual(
        ["namespace/of-before", "namespace/of-after"].map((name) => names.includes(name)),
        [true, false],
      );
      assert.equal(await pods(), before, "no pod was restarted");
    });

    it("leaves nothing to do", async () => {
      await project.expect(0, "up", "--yes", "--heal");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("is what hosts begin with that are all new, and keeps what was in it", async () => {
      await project.expect(0, "lab", "down");
      await project.expect(0, "lab", "up", ...like);
      await project.expect(0, "restore", "--yes", "--snapshot", file);
      await project.expect(0, "up", "--yes", "--override", "cluster-gone");
      await healthy(project, 180);
      assert.ok((await namespaces()).includes("namespace/of-before"));
      await project.expect(0, "up", "--yes", "--heal");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
