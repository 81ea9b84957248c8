import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts, hosts, units } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** The cluster is taken off its hosts, and brought up again. */
export function destroy(project: Project): void {
  describe("destroy", () => {
    it("leaves nothing on the hosts but etcd's data and the logs of who did what, and says where", async () => {
      const { text } = await project.expect(0, "destroy", "--yes");
      for (const host of hosts) {
        // Beside it lies what a restore has set aside.
        const find = "find /var/lib/plinth-kept -path '*-restore-*' -prune -o -name member -print";
        const kept = (await project.read(host, find)).trim();
        assert.match(kept, /^\/var\/lib\/plinth-kept\/\S+\/var\/lib\/etcd\/member$/, `${host} kept etcd's data`);
        assert.ok(text.includes(kept.split("/").slice(0, 5).join("/")), `${kept} in:\n${text}`);
        const logs = await project.read(host, "find /var/lib/plinth-kept -name audit.log -o -name connections.log");
        assert.equal(logs.trim().split("\n").length, 2, `${host} kept who did what, and from where: ${logs}`);
      }
      for (const host of allHosts) {
        const paths = [
          "/usr/local/lib/plinth",
          "/var/lib/plinth",
          "/opt/plinth",
          "/etc/kubernetes",
          "/etc/etcd",
          "/var/lib/etcd",
          "/var/lib/kubelet",
          "/var/lib/containerd",
          "/var/lib/containerd-images",
          "/etc/containerd",
          "/etc/cni",
          ...units
            .map((unit) => `/etc/systemd/system/${unit}.service`)
            .filter((path) => !/haproxy|keepalived/.test(path)),
        ];
        const left = await project.read(host, `for path in ${paths.join(" ")}; do test ! -e $path || echo $path; done`);
        assert.equal(left, "", host);
        const running = await project.read(host, `systemctl is-active ${units.join(" ")} || true`);
        assert.doesNotMatch(running, /^active$/m, host);
        // host0 is the lab's own.
        const pods = await project.read(
          host,
          "pgrep -a containerd-shim; ip -o link show type veth | grep -v ' host0@'; ip -o link show type bridge",
        );
        assert.equal(pods, "", host);
        const users = await project.read(host, "getent passwd | grep -E '^(etcd|kube-|keepalived_script)' || true");
        assert.equal(users, "", host);
      }
    });

    it("a taken port and a host of another cluster are refused by name, both at once, and no host is touched", async () => {
      await project.read(
        "cp1",
        // reuseaddr: connections of the cluster that was destroyed may still wait for their end on this port.
        "systemd-run --quiet --unit=squatter socat TCP-LISTEN:6443,bind=10.27.0.11,reuseaddr,fork SYSTEM:cat",
      );
      await eventually("the squatter listens", 10, async () =>
        (await project.read("cp1", "ss -Hltn sport = :6443")).includes("6443") ? true : undefined,
      );
      await project.read(
        "cp2",
        "mkdir -p /var/lib/plinth; printf 'cluster other\\ncluster-id ffffffffffffffff\\nhost web7\\nstack other\\ngeneration 1\\n' > /var/lib/plinth/claim",
      );
      const { text } = await project.expect(3, "up", "--yes");
      assert.match(
        text,
        /cp1: port 6443, which kube-apiserver needs, is taken by socat \(pid \d+, unit squatter\.service\)/,
      );
      assert.match(text, /cp2: the host belongs to cluster other \(id ffffffffffffffff, stack other\) as host web7/);
      for (const host of allHosts) await project.read(host, "test ! -e /usr/local/lib/plinth");
      await project.read("cp1", "systemctl stop squatter");
      await project.read("cp2", "rm -r /var/lib/plinth");
    });

    it("is followed by a new cluster with new authorities", async () => {
      await project.expect(0, "up", "--yes");
      await healthy(project);
    });
  });
}
