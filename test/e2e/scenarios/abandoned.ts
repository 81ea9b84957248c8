import assert from "node:assert/strict";
import { killWhenOnHost, killWhenPrinted } from "../support/kill.ts";
import { Poller } from "../support/poller.ts";
import type { Project } from "../support/project.ts";
import {
  addHosts,
  controlPlaneLine,
  etcdctl,
  kubectlOnHost,
  nothingLost,
  removeHosts,
  settled,
} from "../support/roster.ts";

const addresses = { w4: "10.27.0.24", cp4: "10.27.0.14", cp5: "10.27.0.15" } as const;
type Name = keyof typeof addresses;
const worker = `  { name: "w4", address: "${addresses.w4}", roles: ["worker"] },`;

async function assertFree(project: Project, ...names: readonly Name[]): Promise<void> {
  for (const name of names) {
    const { stdout } = await project.expect(0, "reset", name, "--address", addresses[name], "--yes");
    assert.match(stdout, new RegExp(`^Host ${name} .* carries nothing of Plinth`, "m"));
  }
}

/** Hosts whose joining is killed and then given up: the state has nothing of them. */
export function abandoned(project: Project): void {
  describe("hosts whose joining was killed, and that the inventory has no more", () => {
    before(async () => {
      for (const [name, address] of Object.entries(addresses)) await project.expect(0, "lab", "add", name, address);
    });

    it("are told of beforehand: a worker that is claimed and no more", async () => {
      addHosts(project, worker);
      await killWhenPrinted(project, /created claim on w4/);
      removeHosts(project, "w4");
      const preview = await project.expect(0, "preview");
      assert.match(preview.text, /a run that was killed has claimed w4/);
      const { text } = await project.expect(4, "up", "--yes", "--expect-no-changes");
      assert.match(text, /w4 is released, which a killed run had claimed/);
    });

    it("are freed by the next up", async () => {
      const { text } = await project.expect(0, "up", "--yes");
      assert.match(text, /Host w4, which a killed run had claimed, is free of Plinth/);
      await assertFree(project, "w4");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      await settled(project, ["cp1", "cp2", "cp3"]);
    });

    it("are freed when one has become a Node already", async () => {
      addHosts(project, worker);
      await killWhenOnHost(project, "cp1", `${kubectlOnHost} get node w4`);
      removeHosts(project, "w4");
      await project.expect(0, "up", "--yes");
      await assertFree(project, "w4");
      await settled(project, ["cp1", "cp2", "cp3"]);
    });

    it("are freed when one has become a member of etcd already, and no write is lost", async () => {
      const writer = await Poller.start(project, { interval: 100, write: `abandoned-${Date.now()}` });
      addHosts(project, controlPlaneLine("cp4"), controlPlaneLine("cp5"));
      await killWhenOnHost(project, "cp1", `${etcdctl} member list | grep -qE ', started, cp4, '`);
      removeHosts(project, "cp4", "cp5");
      await project.expect(0, "up", "--yes");
      await nothingLost(project, "given up", writer);
      await assertFree(project, "cp4", "cp5");
      await settled(project, ["cp1", "cp2", "cp3"]);
    });

    it("may be taken away at once: nobody waits for them", async () => {
      for (const name of Object.keys(addresses)) await project.expect(0, "lab", "remove", name);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
