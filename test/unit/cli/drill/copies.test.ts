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
import { buildStateHalf, type StateHalf } from "../../../../plan/backup/statehalf.ts";
import { selfSigned } from "../../../support/certificates.ts";
import { dataSetOf, DirectoryTargets, packedData } from "../../../support/directorytargets.ts";

const encryptionKey = "abcdefghijklmnopqrstuvwxyz012345";

/** A half of a cluster whose keys are made here. */
function halfOf(at: number, authority: string): StateHalf {
  const account = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const one = (type: string, of: string, outputs: unknown) => ({
    ...{ urn: `urn:pulumi:lab::plinth::${type}::${of}`, type, outputs },
  });
  const resources = [
    one("pulumi:pulumi:Stack", "plinth-lab", { clusterId: "0123456789abcdef", clusterName: "demo", hosts: {} }),
    one("tls:index/privateKey:PrivateKey", "service-account", {
      publicKeyPem: account.publicKey.export({ type: "spki", format: "pem" }),
      privateKeyPem: account.privateKey.export({ type: "pkcs8", format: "pem" }),
    }),
    one("random:index/randomPassword:RandomPassword", "encryption-key", { result: encryptionKey }),
    one("tls:index/selfSignedCert:SelfSignedCert", "kubernetes-ca", { certPem: authority }),
  ];
  const half = buildStateHalf({
    ...{ project: "plinth", stack: "lab", reason: "now", at, closed: "", files: {}, imports: [], operatorFiles: {} },
    config: {
      "plinth:clusterName": "demo",
      "plinth:nodeSubnet": "192.0.2.0/24",
      "plinth:artifactsUrl": "http://192.0.2.1",
    },
    release: "0.1.0",
    open: JSON.stringify({ version: 3, deployment: { resources } }),
  });
  assert.ok(half !== undefined);
  return half;
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
