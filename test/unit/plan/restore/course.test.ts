import assert from "node:assert/strict";
import { courseOf, type Course, type CourseInput } from "../../../../plan/restore/course.ts";
import type { RestoreFact } from "../../../../plan/restore/facts.ts";
import { guard } from "../../../../plan/guards/rule.ts";
import type { RestorePlan } from "../../../../plan/restore/situation.ts";
import { hostsOf } from "../../../support/cluster.ts";

const current: RestoreFact = {
  ...{ id: "20261129T210000Z-1a2b3c", step: "stopped", sha256: "1".repeat(64), token: "token", bump: 1 },
  members: "cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380",
};
const plan: RestorePlan = {
  ...{ kind: "members", members: ["cp1", "cp2", "cp3"], hosts: ["cp1", "cp2", "cp3", "api1"] },
  ...{ initialCluster: "cp1=…", later: [], current: undefined, serves: "etcd has no quorum" },
  ...{ revision: 100, versions: [] },
};
const finding = (rule: string) => guard(rule, [], rule, "see to it");
const course = (extra: Partial<CourseInput> = {}, of: Partial<RestorePlan> = {}): Course =>
  courseOf({
    ...{ plan: { ...plan, ...of }, findings: [], hosts: hostsOf(), anew: false, clusterId: "0123456789abcdef" },
    ...{ givenUp: [], now: Date.parse("2026-11-29T22:00:00Z"), random: "abcdef" },
    snapshot: { sha256: "2".repeat(64), revision: 50 },
    ...extra,
  });
const restoreOf = (one: Course) => {
  assert.ok("restore" in one, JSON.stringify(one));
  return one.restore;
};
const rulesOf = (one: Course): string[] => ("findings" in one ? one.findings.map(({ rule }) => rule) : []);

describe("the course of a restore", () => {
  it("begins with the snapshot that was named, and makes another cluster of it", () => {
    const { fact, hosts, goesOn } = restoreOf(course());
    assert.equal(fact.id, "20261129T220000Z-abcdef");
    assert.deepEqual([fact.sha256, fact.members, goesOn], ["2".repeat(64), "cp1=…", false]);
    assert.deepEqual(hosts, plan.hosts);
  });

  it("goes on where one was cut off, with its members, and hosts that have no etcd", () => {
    for (const snapshot of [undefined, { sha256: current.sha256, revision: 1 }]) {
      const restore = restoreOf(course({ snapshot }, { current }));
      assert.deepEqual([restore.fact, restore.goesOn], [current, true]);
      assert.deepEqual(restore.plan.members, ["cp1", "cp2"]);
      assert.deepEqual(restore.hosts, ["cp1", "cp2", "api1"], "cp3 has etcd, and did not begin it");
    }
  });

  it("takes no other snapshot for the one that is under way, unless that is said", () => {
    assert.deepEqual(rulesOf(course({}, { current })), ["restore-under-way"]);
    assert.equal(restoreOf(course({ anew: true }, { current })).goesOn, false);
    const unknown = { ...current, sha256: "-" };
    assert.equal(restoreOf(course({}, { current: unknown })).goesOn, true, "no host of etcd tells which it was");
  });

  it("is refused by what speaks against it, but for hosts that have left, where it begins again", () => {
    const findings = [finding("restore-left"), finding("snapshot-keys")];
    assert.deepEqual(rulesOf(course({ findings }, { current })), [
      "restore-left",
      "snapshot-keys",
      "restore-under-way",
    ]);
    assert.deepEqual(rulesOf(course({ findings, anew: true }, { current })), ["snapshot-keys"]);
    assert.deepEqual(rulesOf(course({ findings, snapshot: undefined })), ["restore-left", "snapshot-keys"]);
  });

  it("is none where nobody says from what, also where one was given up, which is told", () => {
    for (const anew of [false, true]) {
      const none = course({ snapshot: undefined, anew }, anew ? { current } : {});
      assert.match("missing" in none ? none.missing : "", /^No restore is under way: .*\(etcd has no quorum\)\.$/);
    }
    const givenUp = [{ id: current.id, hosts: ["cp1", "cp2"] }];
    const none = course({ snapshot: undefined, givenUp });
    assert.match(
      "missing" in none ? none.missing : "",
      / was given up .* is still on cp1, cp2 \(20261129T210000Z-1a2b3c\)/,
    );
  });
});
