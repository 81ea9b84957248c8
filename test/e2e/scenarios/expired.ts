import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import { allHosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

interface StatusDocument {
  hosts: Record<string, { probe?: { certificates: { path: string; notAfter: string }[] } }>;
}

/** A pod of w1 that nothing takes away, however long its Node is not ready. */
const pod = {
  spec: {
    nodeName: "w1",
    tolerations: [{ operator: "Exists" }],
  },
};

/** Certificates of minutes end, with the hosts off and with them on. Begins a cluster of its own, and leaves it with lives as usual. */
export function expired(project: Project): void {
  describe("certificates that have ended", function () {
    this.timeout(2_400_000);
    const isAuthority = (path: string): boolean => /(^|[-/])ca\.crt$/.test(path);
    /** When the last certificate but the authorities' ends, milliseconds since the epoch. */
    const lastEnd = async (concerned: (host: string, path: string) => boolean): Promise<number> => {
      const { hosts: seen } = JSON.parse((await project.plinth("status", "--json")).stdout) as StatusDocument;
      const ends = Object.entries(seen).flatMap(([host, { probe }]) =>
        (probe?.certificates ?? []).filter(({ path }) => !isAuthority(path) && concerned(host, path)),
      );
      assert.ok(ends.length > 0);
      return Math.max(...ends.map(({ notAfter }) => Date.parse(notAfter)));
    };
    const passed = (end: number): Promise<true> =>
      eventually("the last certificate has ended", 1500, () => Promise.resolve(Date.now() > end ? true : undefined));
    const running = async (): Promise<string> => {
      const fields =
        "{.metadata.uid} {.spec.nodeName} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}";
      return (await project.expect(0, "kubectl", "get", "pod", "stays", "-o", `jsonpath=${fields}`)).stdout;
    };
    const machineOf = async (node: string): Promise<string> =>
      (await project.expect(0, "kubectl", "get", "node", node, "-o", "jsonpath={.metadata.uid}")).stdout;

    before(async () => {
      await project.expect(0, "lab", "down");
      project.restore("hosts/lab.ts");
      project.restore("Pulumi.lab.yaml");
      project.configure("certificates", "{ leafHours: 0.4, kubeletHours: 0.17 }");
      await project.expect(0, "up", "--yes");
      // prettier-ignore
      await project.expect(0, "kubectl", "run", "stays", "--image=localhost/plinth/web:lab", "--image-pull-policy=Never", "--overrides", JSON.stringify(pod));
      await project.expect(0, "kubectl", "wait", "--for=condition=Ready", "pod/stays", "--timeout=60s");
    });

    it("of all hosts, which were off meanwhile: one up brings the cluster back, with the Nodes that it had", async () => {
      const before = await Promise.all(allHosts.map(machineOf));
      const end = await lastEnd(() => true);
      for (const host of allHosts) await project.expect(0, "lab", "kill", host);
      await passed(end);
      for (const host of allHosts) await project.expect(0, "lab", "start", host);
      assert.match(
        (await project.expect(1, "status")).text,
        /cp1: of its certificates, \d+ have expired \(the first .*\): run up, which renews them/,
      );
      const { text } = await project.expect(0, "up", "--yes");
      assert.match(text, /certificates of etcd's members have ended, and there is no quorum without them/);
      assert.match(text, /w1: the certificate of its kubelet has ended, so it joins anew/);
      await healthy(project, 120);
      assert.deepEqual(await Promise.all(allHosts.map(machineOf)), before);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("of a kubelet alone, on a host that ran on: one up lets it join anew, and its pods run on", async () => {
      const [node, before] = [await machineOf("w1"), await running()];
      await project.read("w1", "systemctl stop kubelet");
      await passed(await lastEnd((host, path) => host === "w1" && path.includes("kubelet-client")));
      // What the control plane has is renewed meanwhile.
      await project.read("w1", "systemctl start kubelet");
      assert.match(
        (await project.expect(1, "status")).text,
        /w1: the certificate of its kubelet has expired .*: run up/,
      );
      await project.expect(0, "up", "--yes");
      await healthy(project, 120);
      assert.deepEqual([await machineOf("w1"), await running()], [node, before]);
    });

    it("live as long as usual again", async () => {
      await project.expect(0, "kubectl", "delete", "pod", "stays", "--now");
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
