import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { allHosts, startTimes } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { healthy } from "../support/status.ts";

/** The stack's state is lost, and nothing else: it comes back from a set, and from what hosts hold. */
export function lostState(project: Project): void {
  describe("a state that is lost while the hosts serve", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "plinth-lost-state-"));
    const sets = path.join(folder, "sets");
    const starts = () => Promise.all(allHosts.map((host) => startTimes(project, host)));
    let before: Awaited<ReturnType<typeof starts>> = [];

    /** Loses it, and has an `up` refused, as whoever notices the loss does. */
    async function lose(): Promise<void> {
      rmSync(path.join(project.dir, ".plinth", "state"), { recursive: true });
      const { text } = await project.expect(3, "up", "--yes");
      assert.match(text, /its state is lost, and \.\/plinth restore state brings it back.*\[foreign-host\]/);
    }
    after(() => {
      Reflect.deleteProperty(process.env, "PLINTH_BACKUP_IDENTITY");
      rmSync(folder, { recursive: true });
    });

    it("comes back from a set, and nothing is left to do", async () => {
      const identity = await generateX25519Identity();
      process.env["PLINTH_BACKUP_IDENTITY"] = path.join(folder, "age.txt");
      writeFileSync(process.env["PLINTH_BACKUP_IDENTITY"], `${identity}\n`, { mode: 0o600 });
      before = await starts();
      await project.expect(0, "backup", "state", "--to", sets, "--recipient", await identityToRecipient(identity));
      await lose();
      await project.expect(0, "restore", "state", "--from", sets, "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      assert.deepEqual(await starts(), before);
      await project.expect(3, "restore", "state", "--from-hosts", "--yes");
    });

    it("is made of what hosts hold without any set, and an up agrees with it", async () => {
      await lose();
      const { text } = await project.expect(0, "restore", "state", "--from-hosts", "--yes");
      assert.doesNotMatch(text, /made anew, for no host has it/);
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      assert.deepEqual(await starts(), before);
      await healthy(project);
    });
  });
}
