import assert from "node:assert/strict";
import { eventually } from "../../support/eventually.ts";
import type { Project } from "../support/project.ts";

/** Kubelets renew the certificates with which they serve although no `up` runs, and are reached all the time. */
export function rotation(project: Project): void {
  describe("serving certificates of kubelets with a short life", () => {
    const ask = "openssl s_client -connect 10.27.0.21:10250 </dev/null 2>/dev/null | openssl x509 -noout -serial";
    const serial = async (): Promise<string> => (await project.read("cp1", ask)).trim();

    it("are renewed twice, and logs, commands in pods and metrics work all the time", async () => {
      project.configure("controllerManagerArgs", "{ cluster-signing-duration: 4m }");
      await project.expect(0, "up", "--yes");
      // prettier-ignore
      await project.expect(0, "kubectl", "run", "rotation", "--image=localhost/plinth/web:lab", "--image-pull-policy=Never", "--overrides", JSON.stringify({ spec: { nodeName: "w1" } }));
      await project.expect(0, "kubectl", "wait", "--for=condition=Ready", "pod/rotation", "--timeout=60s");
      const first = await serial();
      // The one that it has lives long: it asks for another.
      await project.read("w1", "rm /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet");
      const seen = new Set<string>();
      await eventually("its kubelet serves again", 60, async () => {
        // Without a certificate it accepts connections and ends them.
        const now = (await project.read("cp1", `${ask} 2>/dev/null || true`)).trim();
        return now !== "" && now !== first ? seen.add(now) : undefined;
      });
      await eventually("two more certificates", 480, async () => {
        seen.add(await serial());
        for (const args of [
          ["logs", "rotation"],
          ["exec", "rotation", "--", "hostname"],
          ["top", "node", "w1"],
        ]) {
          await project.expect(0, "kubectl", ...args);
        }
        return seen.size >= 3 ? true : undefined;
      });
      const { stdout } = await project.expect(0, "kubectl", "get", "nodes");
      assert.doesNotMatch(stdout, /NotReady/);
    });

    it("live as long as all others again", async () => {
      await project.expect(0, "kubectl", "delete", "pod", "rotation", "--now");
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
    });
  });
}
