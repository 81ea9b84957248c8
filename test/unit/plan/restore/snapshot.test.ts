import assert from "node:assert/strict";
import type { DataSet } from "../../../../plan/backup/set.ts";
import { snapshotFindings, type SnapshotFacts, type WantedCluster } from "../../../../plan/restore/snapshot.ts";

const sha256 = "a".repeat(64);
const facts: SnapshotFacts = {
  ...{ path: "etcd.db", bytes: 1000, sha256, modified: 0, holds: true, revision: 5, version: "3.6.0" },
};
const keys = { serviceAccounts: "b".repeat(64), encryption: "c".repeat(64) };
const set: DataSet = {
  ...{ format: 1, id: "20261129T210000Z-cp1", time: "2026-11-29T21:00:00Z", cluster: "demo", incarnation: 0 },
  ...{ clusterId: "0123456789abcdef", reason: "now", kubernetes: "1.36.3", etcd: "3.6.14", keys },
  ...{ kind: "data", host: "cp1", revision: 5, totalKeys: 10, bytes: 1000, sha256 },
};
const wanted: WantedCluster = {
  ...{ clusterId: "0123456789abcdef", kubernetes: "1.36.3", etcd: ["3.6.14"], keys },
};

const rules = (
  own: Partial<SnapshotFacts> = {},
  described: Partial<DataSet> | "none" = {},
  cluster: Partial<WantedCluster> = {},
): string[] => {
  const about = described === "none" ? undefined : ({ ...set, ...described } as DataSet);
  return snapshotFindings({ ...facts, ...own }, about, { ...wanted, ...cluster }).map(({ rule }) => rule);
};

describe("a snapshot", () => {
  it("of this cluster is taken, with and without a description", () => {
    assert.deepEqual([rules(), rules({}, "none")], [[], []]);
    assert.deepEqual(rules({}, {}, { etcd: ["3.7.1", "3.6.0"] }), []);
  });

  it("that is damaged, or another one than its set describes, is refused", () => {
    const damaged = snapshotFindings({ ...facts, damage: "it is cut off" }, undefined, wanted);
    assert.deepEqual(
      damaged.map(({ message, kind }) => [message, kind]),
      [["the snapshot etcd.db is damaged: it is cut off", "guard"]],
    );
    assert.deepEqual(rules({}, { sha256: "d".repeat(64) }), ["snapshot-damaged"]);
    assert.deepEqual(rules({}, { bytes: 999 }), ["snapshot-damaged"]);
  });

  it("of another cluster is refused, by its description or by its authority", () => {
    assert.deepEqual(rules({}, { clusterId: "fedcba9876543210" }), ["snapshot-foreign"]);
    assert.deepEqual(rules({ holds: false }), ["snapshot-foreign"]);
    assert.deepEqual(rules({ holds: false }, "none"), ["snapshot-foreign"]);
  });

  it("that nobody can tell the cluster of is refused", () => {
    assert.deepEqual(rules({}, "none", { clusterId: undefined }), ["snapshot-unverifiable"]);
  });

  it("of other keys is refused, and says which", () => {
    const other = { ...set, keys: { ...keys, encryption: "e".repeat(64) } };
    const [finding] = snapshotFindings(facts, other, wanted);
    assert.match(
      finding?.message ?? "",
      /other keys than the stack's state has now: the key that Secrets are encrypted with$/,
    );
  });

  it("of a newer minor version is refused, of etcd and of Kubernetes", () => {
    assert.deepEqual(rules({ version: "3.7.0" }, "none"), ["snapshot-newer"]);
    assert.deepEqual(rules({}, { etcd: "3.7.0" }), ["snapshot-newer"]);
    assert.deepEqual(rules({ version: "3.7.0" }, "none", { etcd: ["3.7.1", "3.6.14"] }), ["snapshot-newer"]);
    assert.deepEqual(rules({}, { kubernetes: "1.37.0" }), ["snapshot-newer"]);
    assert.deepEqual(rules({ version: "3.5.0" }, { kubernetes: "1.35.9", etcd: "3.6.99" }), []);
  });
});
