import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import path from "node:path";
import { instanceName } from "../../../lab/paths.ts";
import { finish, Project, type Run } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** Runs `./plinth …` of one clone in the lab of another, as from a second machine that reaches the same hosts. */
function inLab(clone: Project, lab: Project, ...args: string[]): Promise<Run> {
  const namespace = instanceName(lab.dir);
  const child = spawn("ip", ["netns", "exec", namespace, path.join(clone.dir, "plinth"), ...args], {
    cwd: clone.dir,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PLINTH_NAMESPACE: namespace },
  });
  return finish(child);
}

/** Two runs at once, from two clones with a state each: neither the engine's lock nor that of the command line stands between. */
export function twoUps(project: Project): void {
  describe("two ups at once, from two clones", () => {
    const second = new Project("cluster-second");

    before(async () => {
      await second.create();
      for (const file of ["Pulumi.lab.yaml", "hosts/lab.ts"])
        cpSync(path.join(project.dir, file), path.join(second.dir, file));
      cpSync(path.join(project.dir, ".plinth/state"), path.join(second.dir, ".plinth/state"), { recursive: true });
    });
    after(async () => {
      await second.remove();
    });

    it("one wins, the other one is refused with who and since when, and nothing is broken", async () => {
      for (const clone of [project, second]) clone.configure("apiserverArgs", "{ goaway-chance: '0.003' }");
      // Each serves artifacts at an address of its own, as two machines would.
      second.configure("artifactsUrl", "http://10.27.0.1:8411");
      const runs = await Promise.all([project, second].map((clone) => inLab(clone, project, "up", "--yes")));
      const codes = runs.map(({ code }) => code);
      assert.deepEqual([...codes].sort(), [0, 3], runs.map(({ text }) => text).join("\n---\n"));
      const refused = runs.find(({ code }) => code === 3)?.text ?? "";
      assert.match(
        refused,
        /cp1: another run is changing this cluster: \S+@\S+, "plinth up" of stack lab, process \d+, since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ; .* \[cluster-locked\]/,
      );
      await healthy(project);
      assert.match(
        await project.read("cp1", "cat /etc/systemd/system/kube-apiserver.service"),
        /--goaway-chance=0\.003/,
      );
    });

    it("the lock is gone with its run: the next ones find it free", async () => {
      project.restore("Pulumi.lab.yaml");
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      await healthy(project);
    });
  });
}
