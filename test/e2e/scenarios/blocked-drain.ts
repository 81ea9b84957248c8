import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { killWhenOnHost } from "../support/kill.ts";
import type { Project } from "../support/project.ts";
import { kubectlOnHost, removeHosts, settled } from "../support/roster.ts";

/** A worker leaves whose drain is blocked by a disruption budget. */
export function blockedDrain(project: Project): void {
  describe("a worker that leaves while a disruption budget blocks", () => {
    it("is killed in its drain, stops with the name of the pod, and goes on once the budget is relaxed", async () => {
      const manifest = {
        apiVersion: "v1",
        kind: "List",
        items: [
          {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "pinned", labels: { app: "pinned" } },
            spec: {
              nodeName: "w3",
              terminationGracePeriodSeconds: 1,
              containers: [{ name: "web", image: "localhost/plinth/web:lab", imagePullPolicy: "Never" }],
            },
          },
          {
            apiVersion: "policy/v1",
            kind: "PodDisruptionBudget",
            metadata: { name: "pinned" },
            spec: { minAvailable: 1, selector: { matchLabels: { app: "pinned" } } },
          },
        ],
      };
      const file = path.join(project.dir, "pinned.json");
      writeFileSync(file, JSON.stringify(manifest));
      await project.expect(0, "kubectl", "apply", "-f", file);
      await project.expect(0, "kubectl", "wait", "--for=condition=Ready", "pod/pinned", "--timeout=60s");
      project.configure("drainSeconds", "25");
      removeHosts(project, "w3");
      await killWhenOnHost(
        project,
        "cp1",
        `test "$(${kubectlOnHost} get node w3 -o jsonpath={.spec.unschedulable})" = true`,
      );
      const { text } = await project.expect(1, "up", "--yes");
      assert.match(text, /w3: it could not be drained within 25 s .*pod default\/pinned: .*disruption budget/s);
      const phase = await project.expect(0, "kubectl", "get", "pod", "pinned", "-o", "jsonpath={.status.phase}");
      assert.equal(phase.stdout, "Running");
      await project.expect(0, "kubectl", "delete", "pdb", "pinned");
      await project.expect(0, "up", "--yes");
      await project.expect(0, "lab", "remove", "w3");
      await settled(project, ["cp1", "cp2", "cp3"]);
    });
  });
}
