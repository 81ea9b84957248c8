import assert from "node:assert/strict";
import type { HostFacts, HostReading } from "../../../plan/facts.ts";
import {
  formerMachines,
  fromSnapshotOf,
  goneFindings,
  hasOtherObjects,
  mayBePlanted,
  objectsOf,
  returnFindings,
} from "../../../plan/guards.ts";
import type { PreviousRun } from "../../../plan/previousrun.ts";
import { recordOf } from "../../../plan/record.ts";
import type { RestoreFact } from "../../../plan/restore/facts.ts";
import { factsOf, hostsOf, readingsOf, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const ids = Object.fromEntries(hosts.map(({ name }) => [name, `machine-${name}`]));
const survivors = { roster: "cp1" };
const previous: PreviousRun = { ...recordOf(hosts, ids, {}), survivors };
const claim = { cluster: "demo", clusterId: "0".repeat(16), host: "cp2", stack: "demo", generation: 1 };
const rulesOf = (readings: ReadonlyMap<string, HostReading>, before: PreviousRun | undefined = previous): string[] =>
  goneFindings(hosts, readings, before).map(({ rule }) => rule);
const with_ = (name: string, extra: Partial<HostFacts>): Map<string, HostReading> =>
  readingsOf(hosts, { [name]: { facts: factsOf(name, extra) } });

describe("a cluster that is gone", () => {
  it("is told by all hosts with etcd, which have no trace of it", () => {
    const [finding] = goneFindings(hosts, readingsOf(hosts), previous);
    assert.deepEqual([finding?.rule, finding?.hosts], ["cluster-gone", ["cp1", "cp2", "cp3"]]);
    assert.match(finding?.message ?? "", /no host with etcd has a trace of it: they are the machines that they were/);
    assert.match(finding?.remedy ?? "", /--override cluster-gone starts a new, empty cluster/);
  });

  it("names the hosts that are other machines", () => {
    const [finding] = goneFindings(hosts, with_("cp3", { machineId: "another" }), previous);
    assert.match(finding?.message ?? "", /cp3 is another machine than then$/);
  });

  it("is gone although workers still carry what it gave them, which has to go first", () => {
    assert.deepEqual(rulesOf(with_("w1", { claim: { ...claim, host: "w1" } })), ["cluster-gone"]);
    const node: HostFacts["bundles"] = { node: { generation: 1, state: "complete" } };
    const [remains, gone] = goneFindings(hosts, with_("w1", { bundles: node }), previous);
    assert.deepEqual([remains?.rule, remains?.hosts, gone?.rule], ["cluster-remains", ["w1"], "cluster-gone"]);
  });

  it("is not gone where a host has its claim, a bundle or data of etcd", () => {
    assert.deepEqual(rulesOf(with_("cp2", { claim })), []);
    assert.deepEqual(rulesOf(with_("cp2", { bundles: { etcd: { generation: 1, state: "half-done" } } })), []);
    assert.deepEqual(rulesOf(with_("cp2", { etcd: { data: true, members: [] } })), []);
  });

  it("cannot be told where a host with etcd does not answer, one of the last run included", () => {
    const silent: HostReading = { failure: "unreachable", message: "no answer" };
    assert.deepEqual(rulesOf(readingsOf(hosts, { cp2: silent })), []);
    const remembered = { ...previous, hosts: { ...previous.hosts, cp9: { address: "192.0.2.19", roles: ["etcd"] } } };
    assert.deepEqual(rulesOf(readingsOf(hosts), remembered), []);
  });

  it("never was where no run has come to its end", () => {
    assert.deepEqual(goneFindings(hosts, readingsOf(hosts), undefined), []);
    assert.deepEqual(rulesOf(readingsOf(hosts), { ...previous, survivors: {} }), []);
    assert.deepEqual(rulesOf(readingsOf(hosts), recordOf(hosts, ids, {})), []);
  });

  describe("whose hosts carry a snapshot", () => {
    const seed: RestoreFact = {
      ...{ id: "20261129T210000Z-1a2b3c", step: "planted", sha256: "0".repeat(64), token: "token", bump: 1 },
      members: "cp1=https://192.0.2.11:2380",
    };
    const seeded = (names: readonly string[], extra: Record<string, HostReading> = {}) =>
      readingsOf(hosts, {
        ...Object.fromEntries(names.map((name) => [name, { facts: factsOf(name, { restores: { seed } }) }])),
        ...extra,
      });
    const all = ["cp1", "cp2", "cp3"];

    it("begins with it, and its Nodes need not be reset", () => {
      const node: HostReading = { facts: factsOf("w1", { bundles: { node: { generation: 1, state: "complete" } } }) };
      const findings = goneFindings(hosts, seeded(all, { w1: node }), previous);
      assert.deepEqual(
        findings.map(({ rule }) => rule),
        ["cluster-gone"],
      );
      assert.match(findings[0]?.remedy ?? "", /starts it with the snapshot that the restore 20261129T210000Z-1a2b3c/);
    });

    it("keeps its objects, however often it is followed by another one", () => {
      const findings = goneFindings(hosts, seeded(all), previous);
      const count = (names: readonly string[], before = {}) => fromSnapshotOf(before, findings, hosts, seeded(names));
      assert.deepEqual(
        [count(all), count(all, { incarnation: 4, fromSnapshot: [2] }), count(["cp1", "cp2"])],
        [[1], [2, 5], []],
      );
      assert.deepEqual(
        fromSnapshotOf({ fromSnapshot: [2] }, [], hosts, seeded(all)),
        [2],
        "nobody has set the guard aside",
      );
      const first = { incarnation: 1, fromSnapshot: [1] };
      const empty = { incarnation: 2, fromSnapshot: [1] };
      const second = { incarnation: 3, fromSnapshot: [1, 3] };
      assert.deepEqual([objectsOf(first), objectsOf(empty), objectsOf(second)], [undefined, 1, 1]);
      assert.deepEqual(
        [hasOtherObjects(undefined, first), hasOtherObjects(first, empty), hasOtherObjects(empty, second)],
        [false, true, false],
      );
      assert.equal(hasOtherObjects({ incarnation: 1 }, { incarnation: 1 }), false, "outputs of earlier releases");
    });

    it("may get one where a cluster was, or was about to begin with one, and not where another began empty", () => {
      assert.equal(mayBePlanted({ survivors }), true);
      assert.equal(mayBePlanted({ survivors: {}, incarnation: 2, fromSnapshot: [2] }), true);
      assert.equal(mayBePlanted({ survivors: {}, incarnation: 2, fromSnapshot: [1] }), false);
      assert.equal(mayBePlanted({}), false);
    });
  });

  it("is no reason to reset a host that was no Node", () => {
    const balancer: HostFacts["bundles"] = { loadbalancer: { generation: 1, state: "complete" } };
    assert.deepEqual(rulesOf(with_("w1", { bundles: balancer })), ["cluster-gone"]);
  });
});

describe("a cluster that was given up", () => {
  const empty = readingsOf(hosts, {
    cp1: { facts: factsOf("cp1", { machineId: "another" }) },
    cp2: { failure: "unreachable", message: "no answer" },
  });
  const pending = { formerMachines: formerMachines(previous, empty) };

  it("has machines that are no host of the inventory any more, as far as hosts can be read", () => {
    assert.deepEqual(pending.formerMachines, ["machine-cp1", "machine-cp2"]);
    assert.deepEqual(formerMachines(undefined, empty), []);
  });

  it("is back where one of them is, with what it had, before the new one has been brought up", () => {
    const back = with_("cp1", { claim: { ...claim, host: "cp1" } });
    assert.deepEqual(
      returnFindings(back, pending).map(({ rule, hosts: names }) => [rule, names]),
      [["cluster-returned", ["cp1"]]],
    );
    assert.deepEqual(returnFindings(readingsOf(hosts), pending), [], "they were reset");
    assert.deepEqual(returnFindings(back, {}), [], "the new one is there");
  });
});
