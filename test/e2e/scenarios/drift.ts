import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts, startTimes, workers } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { etcdctl } from "../support/roster.ts";
import { healthy } from "../support/status.ts";

const pki = "/etc/kubernetes/pki/etcd";
const rogueUrl = "https://10.27.0.99:2380";

interface Document {
  differences: { host?: string; bundle?: string; kind: string; name: string; detail: string }[];
  unseen: { host?: string; message: string }[];
  heal: string[];
}

/** What somebody does to hosts by hand is found by name, and `up --heal` repairs that and nothing else. */
export function drift(project: Project): void {
  describe("drift", () => {
    let before: Record<string, string>[] = [];
    const [worker] = workers;

    async function read(code: number): Promise<Document> {
      return JSON.parse((await project.expect(code, "drift", "--json")).stdout) as Document;
    }
    const allTimes = () => Promise.all(allHosts.map((host) => startTimes(project, host)));

    it("is none after an up", async () => {
      assert.match((await project.expect(0, "drift")).stdout, /No drift: looked at all 5 hosts/);
    });

    it("is found by name", async () => {
      before = await allTimes();
      await project.read("cp1", `${etcdctl} member add rogue --learner --peer-urls=${rogueUrl}`);
      await project.read("cp1", `rm ${pki}/server.crt`);
      await project.read("cp2", "echo '# by hand' >>/etc/systemd/system/kube-scheduler.service");
      await project.read("cp3", "systemctl stop kube-controller-manager.service");
      // One byte of it, so that its size stays the same; aside and renamed, because it runs.
      await project.read(
        worker,
        [
          "f=$(readlink -f /opt/plinth/bin/kube-proxy)",
          'cp "$f" "$f.new"',
          'printf X | dd of="$f.new" bs=1 seek=5000000 conv=notrunc 2>/dev/null',
          'mv "$f.new" "$f"',
        ].join(" && "),
      );
      const { differences, heal, unseen } = await read(4);
      const names = differences.map(({ host, kind, name }) =>
        [host ?? "cluster", kind, name.replace(/\/[^/]*-[0-9a-f]{12}\//, "/*/")].join(" "),
      );
      assert.deepEqual(names, [
        `cp1 missing-file ${pki}/server.crt`,
        "cp2 file /etc/systemd/system/kube-scheduler.service",
        "cp3 unit-stopped kube-controller-manager.service",
        `${worker} binary /opt/plinth/kube-proxy/*/kube-proxy`,
        names.at(-1),
      ]);
      assert.match(names.at(-1) ?? "", /^cluster rogue-member [0-9a-f]+$/);
      assert.match(differences.at(-1)?.detail ?? "", /learner .* at https:\/\/10\.27\.0\.99:2380, never started/);
      assert.deepEqual(heal, ["cp1/etcd", "cp2/controlplane", "cp3/controlplane", `${worker}/node`, "roster"]);
      assert.deepEqual(unseen, []);
    });

    it("is repaired by up --heal, which restarts nothing else", async () => {
      const { text } = await project.expect(0, "up", "--heal", "--yes");
      assert.match(text, /Repairing: cp1\/etcd, cp2\/controlplane, cp3\/controlplane, w1\/node, roster/);
      const after = await allTimes();
      const restarted = allHosts.flatMap((host, index) =>
        Object.keys(after[index] ?? {})
          .filter((unit) => after[index]?.[unit] !== before[index]?.[unit])
          .map((unit) => `${host} ${unit}`),
      );
      assert.deepEqual(restarted.sort(), [
        // The API server goes down and up with the member on its host.
        "cp1 etcd",
        "cp1 kube-apiserver",
        "cp2 kube-scheduler",
        "cp3 kube-controller-manager",
        `${worker} kube-proxy`,
      ]);
      assert.doesNotMatch(await project.read("cp2", `${etcdctl} member list`), /10\.27\.0\.99/);
      assert.match((await project.expect(0, "drift")).stdout, /No drift: looked at all 5 hosts/);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      await healthy(project);
    });

    it("is still told with a host down, which is told, too", async () => {
      await project.expect(0, "lab", "kill", worker);
      const { unseen } = await read(1);
      assert.deepEqual(
        unseen.map(({ host }) => host),
        [worker],
        JSON.stringify(unseen),
      );
      await project.read("cp2", "echo >>/etc/haproxy/haproxy.cfg");
      const { stdout } = await project.expect(4, "drift");
      assert.match(stdout, /cp2 +loadbalancer +file +\/etc\/haproxy\/haproxy\.cfg/);
      assert.match(stdout, /1 difference, looked at 4 of 5 hosts/);
      await project.expect(0, "lab", "start", worker);
      // What else is told then is told of a host that boots: wait until that is over, and only the edit is left.
      await eventually("the worker is back", 180, async () => {
        const { code, stdout: text } = await project.plinth("drift");
        return code === 4 && /1 difference, looked at all 5 hosts/.test(text) ? true : undefined;
      });
      await project.expect(0, "up", "--heal", "--yes");
      await project.expect(0, "drift");
      await healthy(project, 180);
    });
  });
}
