import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { Project } from "../support/project.ts";

interface NodeList {
  items: {
    metadata: { name: string; labels: Record<string, string> };
    spec: { taints?: { key: string; effect: string }[] };
    status: { conditions: { type: string; status: string }[]; nodeInfo: Record<string, string> };
  }[];
}

/** The Nodes of a cluster that was brought up. */
export function nodes(project: Project): void {
  describe("its Nodes", () => {
    it("are the hosts of the inventory, all ready, with the versions, labels and taints that are declared", async () => {
      const { stdout } = await project.expect(0, "kubectl", "get", "nodes", "-o", "json");
      const { items } = JSON.parse(stdout) as NodeList;
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        ["cp1", "cp2", "cp3", "w1", "w2"],
      );
      for (const { metadata, spec, status } of items) {
        const worker = metadata.name.startsWith("w");
        assert.equal(status.conditions.find(({ type }) => type === "Ready")?.status, "True", metadata.name);
        assert.equal(status.nodeInfo["kubeletVersion"], "v1.36.3");
        assert.equal(status.nodeInfo["containerRuntimeVersion"], "containerd://2.4.2");
        assert.equal(metadata.labels[`node-role.kubernetes.io/${worker ? "worker" : "control-plane"}`], "");
        assert.deepEqual(
          spec.taints ?? [],
          worker ? [] : [{ effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane" }],
          metadata.name,
        );
      }
      const place = items.find(({ metadata }) => metadata.name === "w2")?.metadata.labels;
      assert.equal(place?.["topology.kubernetes.io/region"], "lab");
      assert.equal(place["topology.kubernetes.io/zone"], "b");
      assert.equal(place["topology.plinth/rack"], "r2");
    });

    it("hold a certificate of their own, and no bootstrap token is left", async () => {
      const pem = await project.read("w1", "cat /var/lib/kubelet/pki/kubelet-client-current.pem");
      assert.equal(new X509Certificate(pem).subject, "O=system:nodes\nCN=system:node:w1");
      const { stdout } = await project.expect(0, "kubectl", "get", "secrets", "-n", "kube-system", "-o", "name");
      assert.doesNotMatch(stdout, /bootstrap-token/);
    });
  });
}
