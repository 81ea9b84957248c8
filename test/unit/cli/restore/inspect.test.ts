import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { inspectSnapshot } from "../../../../cli/restore/inspect.ts";
import type { SnapshotFacts } from "../../../../plan/restore/snapshot.ts";
import { snapshotBytes } from "../../../support/bolt.ts";

describe("a look at a snapshot", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-snapshot-"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function look(bytes: Buffer, text?: string): Promise<SnapshotFacts> {
    const path = join(folder, "etcd.db");
    writeFileSync(path, bytes);
    return inspectSnapshot(path, text);
  }
  const whole = snapshotBytes({ revision: 4711, storage: "3.6.0", cluster: "3.6.0", text: "MIIB\nabc" });

  it("finds its revision, the etcd that it is of, and a text", async () => {
    const { revision, version, damage, holds, bytes } = await look(whole, "IB\nabc");
    assert.deepEqual([revision, version, damage, holds, bytes], [4711, "3.6.0", undefined, true, whole.length]);
    assert.equal((await look(whole, "other")).holds, false);
    assert.equal((await look(whole)).holds, false, "nobody knows what to look for");
  });

  it("takes the version of the cluster where the storage has none, as up to 3.5", async () => {
    assert.equal((await look(snapshotBytes({ revision: 9, cluster: "3.5.0" }))).version, "3.5.0");
    assert.equal((await look(snapshotBytes({ revision: 9 }))).version, undefined);
  });

  it("says what is wrong with one that is cut off, changed, or none at all", async () => {
    const damage = async (bytes: Buffer): Promise<string> => (await look(bytes)).damage ?? "none";
    assert.match(await damage(whole.subarray(0, 9000)), /^it is cut off: it has 9000 bytes/);
    assert.match(await damage(whole.subarray(0, -32)), /does not end with a SHA-256.*copied from a member's disk/);
    const changed = Buffer.from(whole);
    changed[5 * 4096 + 40] = 1;
    assert.match(await damage(changed), /is not that of its content/);
    assert.equal(await damage(Buffer.from("hello")), "it is no database of etcd");
    assert.equal(await damage(Buffer.alloc(0)), "it is no database of etcd");
  });

  it("takes no file of which any byte was changed, and fails on none", async () => {
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, by]) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        assert.notEqual((await look(bytes)).damage, undefined);
      }),
    );
  });

  it("finds a text across the pieces in which it is read", async () => {
    const text = "x".repeat(3000);
    const large = Buffer.concat([Buffer.alloc(2 ** 20 - 1500), Buffer.from(text), Buffer.alloc(2 ** 20)]);
    assert.equal((await look(large, text)).holds, true);
  });

  it("names a file that cannot be read", async () => {
    await assert.rejects(inspectSnapshot(join(folder, "none"), undefined), /The snapshot cannot be read \(ENOENT/);
  });
});
