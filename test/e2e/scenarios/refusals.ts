import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity } from "age-encryption";
import { identityVariable } from "../../../cli/backup/identity.ts";
import { snapshotBytes } from "../../support/bolt.ts";
import type { Backups } from "../support/backups.ts";
import { Forger, type Original } from "../support/forge.ts";
import { allHosts, startTimes } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import type { S3Store } from "../support/s3store.ts";
import { listed } from "../support/sets.ts";

/** Sets that must not be restored are refused, and nothing is stopped. Needs sets on the store. */
export function refusals(project: Project, backups: () => Backups, store: () => S3Store): void {
  describe("a restore of what must not be restored", function () {
    this.timeout(900_000);
    const folder = mkdtempSync(path.join(tmpdir(), "plinth-refusals-"));
    const starts = () => Promise.all(allHosts.map((host) => startTimes(project, host)));
    let untouched: Awaited<ReturnType<typeof starts>> = [];
    let forger: Forger;
    let original: Original;

    before(async () => {
      backups().useKey();
      forger = new Forger(store(), backups());
      original = await forger.newest(await listed(project));
      untouched = await starts();
    });
    after(async () => {
      await forger.clear();
      rmSync(folder, { recursive: true });
    });
    const refused = async (code: number, said: RegExp, ...args: string[]): Promise<void> => {
      const { text } = await project.expect(code, "restore", "--yes", ...args);
      assert.match(text, said);
    };

    it("is refused of a set that was cut off", async () => {
      const id = await forger.plant(original, {}, (sealed) => sealed.subarray(0, sealed.length >> 1));
      await refused(1, /is damaged/, "--backup", id);
    });

    it("is refused of a snapshot that was cut off", async () => {
      const file = path.join(folder, "half.db");
      writeFileSync(file, original.snapshot.subarray(0, original.snapshot.length >> 1), { mode: 0o600 });
      await refused(3, /it is cut off.*\[snapshot-damaged\]/, "--snapshot", file);
    });

    it("is refused of a set that holds another snapshot than it says", async () => {
      const id = await forger.plant(original, { sha256: "0".repeat(64) });
      await refused(1, new RegExp(`The set ${id} holds another snapshot than it says`), "--backup", id);
    });

    it("is refused of a set of another cluster, be it called so or not", async () => {
      const called = await forger.plant(original, { clusterId: "f".repeat(16) });
      await refused(1, new RegExp(`No target has a set of data ${called}`), "--backup", called);
      const snapshot = snapshotBytes({ revision: 100, storage: "3.6.0", text: "another authority" });
      const hidden = await forger.plant({ ...original, snapshot }, {});
      await refused(3, /the snapshot is not of this cluster.*\[snapshot-foreign\]/, "--backup", hidden);
    });

    it("is refused with another key of age", async () => {
      const other = path.join(folder, "age.txt");
      writeFileSync(other, `${await generateX25519Identity()}\n`, { mode: 0o600 });
      process.env[identityVariable] = other;
      try {
        await refused(1, /None of the keys at hand opens the set/, "--latest");
      } finally {
        backups().useKey();
      }
    });

    it("is refused of a half that goes with other keys than the state has", async () => {
      const keys = { ...original.set.keys, encryption: "0".repeat(64) };
      const id = await forger.plant(original, { keys });
      await refused(3, /other keys than the stack's state has now.*\[snapshot-keys\]/, "--backup", id);
    });

    it("is refused of a snapshot that is newer than the etcd that is to read it", async () => {
      const id = await forger.plant(original, { etcd: "3.99.0" });
      await refused(3, /the snapshot is of etcd 3\.99, and etcd .* is to read it.*\[snapshot-newer\]/, "--backup", id);
    });

    it("has stopped nothing, and left nothing", async () => {
      assert.deepEqual(await starts(), untouched);
      for (const host of allHosts) await project.read(host, "test ! -e /var/lib/plinth/restore");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
