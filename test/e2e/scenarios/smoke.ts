import assert from "node:assert/strict";
import { hosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";

const runs = 20;
const image = "--image=localhost/plinth/web:lab";

/** Pods are started through the VIP while a control-plane host loses power and comes back. */
export function smoke(project: Project): void {
  describe(`${runs} times kubectl run`, () => {
    it("while a control-plane host is killed and started", async () => {
      const [victim] = hosts;
      const failures: string[] = [];
      for (let n = 1; n <= runs; n += 1) {
        if (n === 4) await project.expect(0, "lab", "kill", victim);
        if (n === 12) await project.expect(0, "lab", "start", victim);
        const name = `smoke-${n}`;
        // prettier-ignore
        const run = await project.plinth("kubectl", "run", name, image, "--image-pull-policy=Never", "--restart=Never", "--rm", "--attach", "--quiet", "--command", "--", "busybox", "echo", name);
        if (run.code !== 0 || !run.stdout.includes(name)) failures.push(`${n}: exit ${run.code} ${run.text.trim()}`);
      }
      console.log(`      ${failures.length} of ${runs} failed`);
      assert.deepEqual(failures, []);
    });
  });
}
