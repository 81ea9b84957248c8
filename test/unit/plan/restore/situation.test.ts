import assert from "node:assert/strict";
import type { HostFacts, HostReading } from "../../../../plan/facts.ts";
import {
  lossLines,
  newRestoreId,
  planRestore,
  tokenOf,
  type RestoreSituation,
} from "../../../../plan/restore/situation.ts";
import { restoreFindings } from "../../../../plan/restore/guards.ts";
import type { RestoreFact, RestoreFacts } from "../../../../plan/restore/facts.ts";
import { factsOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const hosts = hostsOf();
const clusterId = "0123456789abcdef";
const id = "20261129T210000Z-1a2b3c";
const fact: RestoreFact = {
  ...{ id, step: "stopped", sha256: "0".repeat(64), token: "token", bump: 1_000_000_000 },
  members: "cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380",
};
const claimed = (name: string, extra: Partial<HostFacts> = {}): HostReading => ({
  facts: factsOf(name, {
    claim: { cluster: "demo", clusterId, host: name, stack: "prod", generation: 1 },
    bundles: { etcd: { generation: 1, state: "complete" }, controlplane: { generation: 1, state: "complete" } },
    dataDirectories: { etcd: ["/var/lib/etcd"] },
    ...extra,
  }),
});
const blank = (name: string, restores?: RestoreFacts): HostReading => ({
  facts: factsOf(name, restores === undefined ? {} : { restores }),
});
const silent: HostReading = { failure: "unreachable", message: "no answer" };

function situation(
  readings: Record<string, HostReading>,
  extra: Partial<RestoreSituation> = {},
): ReturnType<typeof planRestore> {
  return planRestore({
    ...{ hosts, readings: new Map(Object.entries(readings)), clusterId, mayBePlanted: true, without: [] },
    ...extra,
  });
}

const everybody = { cp1: claimed("cp1"), cp2: claimed("cp2"), cp3: claimed("cp3") };
const rules = ({ findings }: ReturnType<typeof planRestore>): string[] => findings.map(({ rule }) => rule);

describe("the plan of a restore", () => {
  it("is about all members, with or without their data", () => {
    const { plan, findings } = situation(everybody);
    assert.deepEqual(findings, []);
    assert.deepEqual(
      [plan.kind, plan.members, plan.hosts, plan.later],
      ["members", ["cp1", "cp2", "cp3"], ["cp1", "cp2", "cp3"], []],
    );
    assert.equal(
      plan.initialCluster,
      "cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380,cp3=https://192.0.2.13:2380",
    );
    assert.match(plan.serves, /no quorum/);
  });

  it("leaves new machines to up", () => {
    const { plan, findings } = situation({ ...everybody, cp3: blank("cp3") });
    assert.deepEqual([findings, plan.members, plan.later], [[], ["cp1", "cp2"], ["cp3"]]);
  });

  it("stops API servers that have no etcd beside them, too", () => {
    const apart = hostsOf([...threeHosts, { name: "api1", address: "192.0.2.20", roles: ["control-plane"] }]);
    const api = claimed("api1", { dataDirectories: {} });
    const { plan } = situation({ ...everybody, api1: api }, { hosts: apart });
    assert.deepEqual(
      [plan.members, plan.hosts],
      [
        ["cp1", "cp2", "cp3"],
        ["cp1", "cp2", "cp3", "api1"],
      ],
    );
  });

  it("puts the snapshot on hosts of which none carries anything", () => {
    const none = { cp1: blank("cp1"), cp2: blank("cp2"), cp3: blank("cp3") };
    const { plan, findings } = situation(none);
    assert.deepEqual([findings, plan.kind, plan.members], [[], "plant", ["cp1", "cp2", "cp3"]]);
    assert.deepEqual(rules(situation(none, { mayBePlanted: false })), ["snapshot-unverifiable"]);
  });

  it("does without a host that does not answer only where that is said", () => {
    const readings = { ...everybody, cp3: silent };
    const refused = situation(readings);
    assert.deepEqual(rules(refused), ["restore-unreachable"]);
    assert.match(refused.findings[0]?.remedy ?? "", /--without cp3$/);
    const { plan, findings } = situation(readings, { without: ["cp3"] });
    assert.deepEqual([findings, plan.members, plan.later], [[], ["cp1", "cp2"], ["cp3"]]);
    assert.deepEqual(rules(situation(everybody, { without: ["cp3", "w9"] })), ["without-unknown", "restore-without"]);
  });

  it("refuses hosts of others, and those of which none was ever a member", () => {
    const theirs = claimed("cp1", {
      claim: { cluster: "x", clusterId: "f".repeat(16), host: "cp1", stack: "x", generation: 1 },
    });
    assert.deepEqual(rules(situation({ ...everybody, cp1: theirs })), ["foreign-host"]);
    const half = (name: string) => claimed(name, { dataDirectories: {} });
    assert.deepEqual(rules(situation({ cp1: half("cp1"), cp2: half("cp2"), cp3: half("cp3") })), ["restore-nobody"]);
  });

  it("goes on with one that was cut off, and says who has left it", () => {
    const at = (name: string) => claimed(name, { restores: { current: fact } });
    const { plan, findings } = situation({ ...everybody, cp1: at("cp1"), cp2: at("cp2") });
    assert.deepEqual([findings, plan.current], [[], fact]);
    const left = situation({ ...everybody, cp1: at("cp1"), cp2: silent }, { without: ["cp2"] });
    assert.deepEqual(rules(left), ["restore-left"]);
  });

  it("makes another cluster of etcd each time", () => {
    assert.match(newRestoreId(Date.UTC(2026, 10, 29, 21), "1a2b3c"), /^20261129T210000Z-1a2b3c$/);
    assert.notEqual(tokenOf(clusterId, id), tokenOf(clusterId, `${id.slice(0, -1)}d`));
  });
});

describe("what a restore loses", () => {
  const time = Date.UTC(2026, 10, 29, 21);

  it("is told by the time and by the revisions since", () => {
    assert.deepEqual(lossLines({ time, revision: 100 }, 150, time + 3_723_000), [
      "everything that was written since 2026-11-29T21:00:00Z (1 h 2 min ago)",
      "50 revisions: etcd is at 150, the snapshot at 100",
    ]);
  });

  it("is told as far as somebody knows", () => {
    assert.match(
      lossLines({ time, revision: 100 }, undefined, time).join("; "),
      /\(0 s ago\); how many changes that are, no member tells/,
    );
    assert.match(
      lossLines({ time, revision: 100 }, 1.7e12, time).join("; "),
      /cannot be told: .* a restore lies between/,
    );
    assert.match(lossLines({ time, revision: 100 }, 50, time).join("; "), /cannot be told/);
  });
});

describe("guards of restores", () => {
  const found = (readings: Record<string, HostReading>) =>
    restoreFindings(hosts, new Map(Object.entries(readings))).map(
      ({ rule, hosts: about }) => `${rule} ${about.join(",")}`,
    );
  const member = (name: string, cluster: string, last?: string): HostReading =>
    claimed(name, {
      ...(last === undefined ? {} : { restores: { last } }),
      etcd: {
        ...{ data: true, members: [] },
        self: {
          ...{ id: "1", version: "3.6.14", dbSize: 1, raftIndex: 1, raftApplied: 1, learner: false },
          ...{ errors: [], alarms: [], clusterId: cluster },
        },
      },
    });

  it("keep runs off while one is under way, from where it has stopped something", () => {
    const at = (step: RestoreFact["step"]) => claimed("cp1", { restores: { current: { ...fact, step } } });
    assert.deepEqual(found({ ...everybody, cp1: at("staged") }), []);
    assert.deepEqual(found({ ...everybody, cp1: at("quieting") }), ["restore-under-way cp1"]);
    assert.deepEqual(found({ ...everybody, cp1: at("serving") }), ["restore-under-way cp1"]);
  });

  it("tell members of before that are back, and not those that have joined since", () => {
    const readings = { cp1: member("cp1", "aa", id), cp2: member("cp2", "aa"), cp3: member("cp3", "bb") };
    assert.deepEqual(found(readings), ["restored-without cp3"]);
    const older = { ...readings, cp3: member("cp3", "bb", "20251129T210000Z-000000") };
    assert.deepEqual(found(older), ["restored-without cp3"]);
    assert.deepEqual(found({ cp1: member("cp1", "aa"), cp2: member("cp2", "bb"), cp3: silent }), []);
  });

  it("want the same snapshot on all hosts that begin with one", () => {
    const seeded = (name: string, seed: Partial<RestoreFact> = {}) =>
      blank(name, { seed: { ...fact, step: "planted", ...seed } });
    const all = { cp1: seeded("cp1"), cp2: seeded("cp2"), cp3: seeded("cp3") };
    assert.deepEqual(found(all), []);
    assert.deepEqual(found({ ...all, cp3: blank("cp3") }), ["restore-seed cp1,cp2,cp3"]);
    assert.deepEqual(found({ ...all, cp3: seeded("cp3", { id: "20251129T210000Z-000000" }) }), [
      "restore-seed cp1,cp2,cp3",
    ]);
    assert.deepEqual(found({ ...all, cp3: member("cp3", "aa", id) }), [], "a run was cut off");
  });
});
