import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { pack } from "../../../../cli/backup/pack.ts";
import { drillRestore, type DrillReport } from "../../../../cli/drill/run.ts";
import { keyDigests } from "../../../../plan/backup/keys.ts";
import type { DataSet, StateSet } from "../../../../plan/backup/set.ts";
import type { StateHalf } from "../../../../plan/backup/statehalf.ts";
import { selfSigned } from "../../../support/certificates.ts";
import { dataSetOf, DirectoryTargets, packedData } from "../../../support/directorytargets.ts";
import { stateHalfWith } from "../../../support/statehalf.ts";

const encryptionKey = "abcdefghijklmnopqrstuvwxyz012345";

/** A half of a cluster whose keys are made here. */
function halfOf(at: number, authority: string): StateHalf {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return stateHalfWith({ serviceAccounts: { publicKey, privateKey }, encryption: encryptionKey, authority }, at);
}

// It comes to the snapshot, which is none: what it serves is looked at in test/engine/apiserver.
describe("a restore drill, of sets on several targets", function () {
  this.timeout(30_000);
  const snapshot = Buffer.from("no snapshot of etcd ".repeat(20_000));
  let folder: string;
  let identity: string;
  let data: DataSet;
  let state: StateSet;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-drill-test-"));
    identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const half = halfOf(Date.now() - 3_600_000, selfSigned("DNS:kubernetes").certificate);
    state = half.set;
    data = dataSetOf(snapshot, state.time, { keys: state.keys });
    assert.ok(keyDigests("", encryptionKey).encryption === state.keys.encryption);
    for (const target of ["one", "two", "three"]) {
      const targets = new DirectoryTargets(folder);
      await targets.put(target, data, packedData(data, snapshot), recipient);
      await targets.put(target, state, await pack(half), recipient);
    }
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const drill = async (): Promise<{ report: DrillReport; notes: string[] }> => {
    const notes: string[] = [];
    const report = await drillRestore({
      ...{ store: new DirectoryTargets(folder), identities: () => [identity], wanted: {} },
      config: { kubernetesVersion: "1.36.3", etcdVersion: "3.6.14" },
      ...{ live: { without: "there is no cluster" }, ensure: () => Promise.reject(new Error("nothing is served")) },
      note: (line) => notes.push(line),
      signal: new AbortController().signal,
    });
    return { report, notes };
  };
  const damaged = async (target: string, id: string, look: () => Promise<void>): Promise<void> => {
    const path = join(folder, target, `${id}.age`);
    const whole = readFileSync(path);
    const bytes = Buffer.from(whole);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await look();
    writeFileSync(path, whole);
  };
  const refused = /^a restore would refuse it: the snapshot of the set .* is damaged/;

  it("reads all copies, and has nothing to say of those that are whole", async () => {
    const { report, notes } = await drill();
    assert.equal(report.problems.length, 1);
    assert.match(report.problems[0] ?? "", refused);
    assert.ok(notes.includes("Reading 4 more copies of them."), notes.join("\n"));
    assert.deepEqual(Object.keys(report.seconds).sort(), ["copies", "fetch", "restore", "total"]);
  });

  it("tells a damaged copy on any target by its name, and goes on with another one", async () => {
    for (const target of ["one", "three", "two"]) {
      for (const set of [data, state]) {
        await damaged(target, set.id, async () => {
          const { report } = await drill();
          assert.equal(report.problems.length, 2, report.problems.join("\n"));
          assert.match(
            report.problems[0] ?? "",
            new RegExp(`^the copy of the set ${set.id} on ${target} cannot be used: The set .*damaged`),
          );
          assert.match(report.problems[1] ?? "", refused);
        });
      }
    }
  });
});
