import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts, assertOneAtATime, lastRestart, startTimes } from "../support/hosts.ts";
import { outsideUrl } from "../support/http.ts";
import { Kube } from "../support/kube.ts";
import { Poller } from "../support/poller.ts";
import { changedLines } from "../support/preview.ts";
import type { Project } from "../support/project.ts";

/** The setting of the lab, to which the tests add. */
const room = 'imagefs.available: 1Gi, nodefs.available: 1Gi, nodefs.inodesFree: "50000"';
const kubelet = (more: string, memory = "200Mi") =>
  `{ failCgroupV1: false, failSwapOn: false, protectKernelDefaults: false, ${more}, evictionHard: { ${room}, memory.available: ${memory} } }`;
/** Another one than Plinth ships. */
export const laterContainerd = "2.4.1";

interface Pod {
  metadata: { namespace: string; name: string };
  status: { containerStatuses?: { containerID: string; restartCount: number }[] };
}

/** Settings and versions of Nodes change. Needs the scenario of workloads to have been run. */
export function nodeChange(project: Project): void {
  describe("Nodes that change", () => {
    let kube: Kube;
    before(async () => {
      kube = await Kube.open(project);
    });
    after(() => {
      kube.close();
    });

    /** Pod → its containers, and how often they were restarted. Probes of the last test of the network may be about to end. */
    const containers = async () => {
      const { items } = JSON.parse(await kube.ask("get", "pods", "-A", "-o", "json")) as { items: Pod[] };
      return Object.fromEntries(
        items
          .filter(({ metadata }) => !metadata.namespace.startsWith("plinth-check-"))
          .map(({ metadata, status }) => [
            `${metadata.namespace}/${metadata.name}`,
            status.containerStatuses?.map(({ containerID, restartCount }) => `${containerID} ${restartCount}`),
          ]),
      );
    };

    describe("a changed setting of the kubelet", () => {
      it("shows as one line per Node in the preview, and nothing else", async () => {
        project.configure("kubeletConfig", kubelet("maxPods: 90"));
        const { stdout } = await project.expect(0, "preview", "--diff");
        const changed = ["-|maxPods: 110", "+|maxPods: 90"];
        assert.deepEqual(
          [...changedLines(stdout).values()],
          allHosts.map(() => changed),
          stdout,
        );
        assert.match(stdout, /Plan: 5 to update\./);
      });

      it("rolls through the Nodes one at a time; no container is restarted, and every request is answered", async () => {
        const before = await containers();
        const poller = await Poller.start(project, { path: outsideUrl });
        await project.expect(0, "up", "--yes");
        assert.deepEqual((await poller.stop()).failures, []);
        assert.deepEqual(await containers(), before);
        assertOneAtATime(await Promise.all(allHosts.map((host) => lastRestart(project, host, ["kubelet"]))));
        const capacity = await kube.list("nodes", '{range .items[*]}{.status.capacity.pods}{"\\n"}{end}');
        assert.deepEqual(capacity, ["90", "90", "90", "90", "90"]);
      });
    });

    describe("a setting that the kubelet rejects", () => {
      it("stops at the first Node, which gets its previous files back; the others are not touched", async () => {
        const before = await Promise.all(allHosts.map((host) => startTimes(project, host)));
        project.configure("kubeletConfig", kubelet("maxPods: 90", "lots"));
        const { text } = await project.expect(1, "up", "--yes");
        assert.match(text, /node on cp1/);
        assert.match(text, /kubelet\.service/);
        assert.match(text, /previous configuration was put back and is healthy/);
        const after = await Promise.all(allHosts.map((host) => startTimes(project, host)));
        allHosts.slice(1).forEach((host, index) => {
          assert.deepEqual(after[index + 1], before[index + 1], `${host} was left alone`);
        });
        await kube.ask("wait", "node", "cp1", "--for=condition=Ready", "--timeout=60s");
        project.configure("kubeletConfig", kubelet("maxPods: 90"));
        await project.expect(0, "up", "--yes");
      });
    });

    describe("a label and a taint in the inventory", () => {
      it("change that Node and nothing else; what others have set stays", async () => {
        await kube.ask("label", "node", "w1", "example.com/manual=kept");
        await kube.ask("taint", "node", "w1", "example.com/manual=kept:PreferNoSchedule");
        project.edit("hosts/lab.ts", 'rack: "r1"', 'rack: "r9", taints: [{ key: "dedicated", effect: "NoSchedule" }]');
        const preview = await project.expect(0, "preview", "--diff");
        assert.match(preview.stdout, /update register on w1/);
        assert.match(preview.stdout, /Plan: 1 to update\./);
        await project.expect(0, "up", "--yes");
        const shown = await kube.ask("get", "node", "w1", "-o", "jsonpath={.metadata.labels} {.spec.taints}");
        assert.match(shown, /"topology\.plinth\/rack":"r9"/);
        assert.match(shown, /"example\.com\/manual":"kept"/);
        assert.match(shown, /"key":"dedicated"/);
        assert.match(shown, /"key":"example\.com\/manual"/);
        project.restore("hosts/lab.ts");
        await project.expect(0, "up", "--yes");
        const restored = await kube.ask("get", "node", "w1", "-o", "jsonpath={.metadata.labels} {.spec.taints}");
        assert.match(restored, /"topology\.plinth\/rack":"r1"/);
        assert.doesNotMatch(restored, /dedicated/);
        assert.match(restored, /"key":"example\.com\/manual"/);
        await kube.ask("taint", "node", "w1", "example.com/manual-");
      });
    });

    describe("another version of containerd", () => {
      const cordoned = () => kube.list("nodes", '{range .items[*]}{.spec.unschedulable}{"\\n"}{end}');

      it("drains each Node before it is changed; disruption budgets hold, and every request is answered", async () => {
        const poller = await Poller.start(project, { path: outsideUrl });
        project.configure("containerdVersion", laterContainerd);
        const { stdout } = await project.expect(0, "up", "--yes");
        assert.deepEqual((await poller.stop()).failures, []);
        for (const host of allHosts) assert.match(stdout, new RegExp(`drain on ${host}`));
        const template = '{range .items[*]}{.status.nodeInfo.containerRuntimeVersion}{"\\n"}{end}';
        // A kubelet tells with its next report, up to ten seconds later.
        await eventually("all Nodes report the new version", 60, async () => {
          const versions = await kube.list("nodes", template);
          return versions.every((version) => version === `containerd://${laterContainerd}`) ? true : undefined;
        });
        assert.deepEqual(await cordoned(), []);
        assertOneAtATime(await Promise.all(allHosts.map((host) => lastRestart(project, host, ["containerd"]))));
        await project.expect(0, "up", "--yes", "--expect-no-changes");
      });
    });
  });
}
