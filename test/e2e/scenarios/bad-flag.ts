import assert from "node:assert/strict";
import { allHosts, hosts, startTimes } from "../support/hosts.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** A flag that the API server rejects. */
export function badFlag(project: Project): void {
  describe("a flag that the API server rejects", () => {
    it("is refused on the first host by the API server itself, before anything is changed on any", async () => {
      const before = await Promise.all(hosts.map((host) => startTimes(project, host)));
      project.configure("apiserverArgs", "{ goaway-chance: 'not-a-number' }");
      const poller = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const { text } = await project.expect(1, "up", "--yes");
      const report = await poller.stop();
      assert.match(text, /controlplane on cp1/);
      assert.match(text, /kube-apiserver\.service/);
      assert.match(text, /invalid argument "not-a-number" for "--goaway-chance"/);
      assert.match(text, /nothing was changed, and what runs runs on/);
      assert.deepEqual(report.failures, []);
      const after = await Promise.all(hosts.map((host) => startTimes(project, host)));
      for (const [index, host] of hosts.entries())
        assert.deepEqual(after[index], before[index], `${host} was left alone`);
      assert.match(
        await project.read("cp1", "cat /etc/systemd/system/kube-apiserver.service"),
        /--goaway-chance=0\.002/,
      );
    });

    it("is over with the next correct up", async () => {
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
      await healthy(project);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("is refused likewise in settings of the kubelet and of kube-proxy; containers and rules of the host stay what they are", async () => {
      const look = async () => {
        const containers = `/opt/plinth/bin/ctr -n k8s.io containers ls -q 'labels."io.kubernetes.pod.namespace"==kube-system' | sort`;
        const on = await Promise.all(
          allHosts.map((host) => project.read(host, `${containers}; nft list ruleset | sed 's/counter.*//'`)),
        );
        return { on, times: await Promise.all(allHosts.map((host) => startTimes(project, host))) };
      };
      const before = await look();
      project.edit("Pulumi.lab.yaml", "plinth:kubeletConfig:\n", "plinth:kubeletConfig:\n    maxPods: -5\n");
      project.edit("Pulumi.lab.yaml", "maxPerCore: 0", "maxPerCore: -1");
      const { text } = await project.expect(1, "up", "--yes");
      assert.match(
        text,
        /node on cp1: kube-proxy\.service would not take what is planned.*MaxPerCore: Invalid value: -1/,
      );
      assert.match(
        text,
        /kubelet\.service would not take what is planned.*maxPods \(--max-pods\) -5 must not be a negative/,
      );
      assert.deepEqual(await look(), before);
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
