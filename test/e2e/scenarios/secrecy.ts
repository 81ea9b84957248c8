import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { allHosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";

/** Nothing secret where others can read it. */
export function secrecy(project: Project): void {
  describe("secrets", () => {
    it("are not in clear text under .plinth", () => {
      const hits = execFileSync("sh", [
        "-c",
        `grep -rlE 'BEGIN [A-Z ]*PRIVATE KEY' ${project.dir}/.plinth || true`,
      ]).toString();
      assert.equal(hits, "");
    });

    it("are not in a preview, nor in what up prints", async () => {
      const { text } = await project.expect(0, "preview", "--diff");
      assert.doesNotMatch(text, /PRIVATE KEY/);
    });

    it("lie in files of mode 0600 that belong to the service that reads them", async () => {
      const owners: Record<string, string> = {
        etcd: "etcd",
        apiserver: "kube-apiserver",
        "controller-manager": "kube-controller-manager",
        scheduler: "kube-scheduler",
      };
      for (const host of allHosts) {
        const listing = await project.read(host, "find /etc/kubernetes/pki -name '*.key' -printf '%m %u %p\\n'");
        const lines = listing.trim() === "" ? [] : listing.trim().split("\n");
        // The keys of a Node are made by its kubelet, elsewhere.
        assert.ok(host.startsWith("cp") ? lines.length >= 9 : lines.length === 0, listing);
        for (const line of lines) {
          const [mode, user, path = ""] = line.split(" ");
          assert.equal(mode, "600", line);
          const service = path.split("/")[4] ?? "";
          // What runs on Nodes runs as root.
          const expected = path.endsWith("/healthcheck.key") ? "root" : (owners[service] ?? "root");
          assert.equal(user, expected, line);
        }
      }
    });

    it("are readable by their owner only, wherever on the host they lie", async () => {
      for (const host of allHosts) {
        const open = await project.read(
          host,
          "find /etc /var/lib /run /tmp /opt/plinth -xdev -type f -perm /077 -size -64k -exec grep -lE 'BEGIN [A-Z ]*PRIVATE KEY' {} + || true",
        );
        // The host script holds the pattern by which it masks keys in logs.
        assert.equal(open.trim(), "", host);
      }
    });

    it("are not in process lists nor in the journal", async () => {
      for (const host of allHosts) {
        const found = await project.read(
          host,
          "{ ps -eo args; journalctl --no-pager -o cat; } | grep -cE 'BEGIN [A-Z ]*PRIVATE KEY--' || true",
        );
        assert.equal(found.trim(), "0", host);
      }
    });
  });
}
