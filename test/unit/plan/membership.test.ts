import assert from "node:assert/strict";
import fc from "fast-check";
import {
  guardMembership,
  guardReplacements,
  guardSettingsChange,
  type MembershipSituation,
} from "../../../plan/guards.ts";
import type { LiveMember } from "../../../plan/livecluster.ts";
import { liveCluster, peerUrlOf } from "../../../plan/livecluster.ts";
import { leavingHosts, planMembership, quorumOf, rosterHostFor } from "../../../plan/membership.ts";
import type { HostReading } from "../../../plan/facts.ts";
import { configOf, factsOf, hostsOf, memberStatus, threeHosts } from "../../support/cluster.ts";

const address = (n: number): string => `192.0.2.1${n}`;
const host = (n: number) => ({ name: `cp${n}`, address: address(n), roles: threeHosts[0]?.roles ?? ["etcd" as const] });
const member = (n: number, more: Partial<LiveMember> = {}): LiveMember => ({
  ...{ id: `${n}`, name: `cp${n}`, peerUrls: [peerUrlOf(host(n))], started: true, learner: false, healthy: true },
  ...{ leader: n === 1, ...more },
});
const told = (steps: readonly { action: string; member: string }[]): string[] =>
  steps.map(({ action, member: name }) => `${action} ${name}`);

describe("plan/membership", () => {
  it("a planned replacement joins as a learner and is promoted before the old member leaves, the leader last", () => {
    const plan = planMembership(
      [1, 2, 3].map((n) => member(n)),
      [3, 4, 5].map(host),
    );
    assert.deepEqual(told(plan.steps), [
      ...["add cp4", "promote cp4", "add cp5", "promote cp5"],
      ...["remove cp2", "remove cp1"],
    ]);
    assert.equal(plan.blocked, undefined);
  });

  it("a failed member is removed before another joins", () => {
    const plan = planMembership([member(1), member(2, { healthy: false }), member(3)], [1, 3, 4].map(host));
    assert.deepEqual(told(plan.steps), ["fail cp2", "add cp4", "promote cp4"]);
  });

  it("a learner that a killed run left is used, or removed when nobody wants it", () => {
    const learner = member(4, { learner: true, started: false, healthy: false });
    assert.deepEqual(
      told(planMembership([1, 2, 3].map((n) => member(n)).concat(learner), [1, 2, 3, 4, 5].map(host)).steps),
      [...["add cp4", "promote cp4", "add cp5", "promote cp5"]],
    );
    assert.deepEqual(told(planMembership([1, 2, 3].map((n) => member(n)).concat(learner), [1, 2, 3].map(host)).steps), [
      "fail cp4",
    ]);
  });

  it("stops before a step that costs the quorum", () => {
    const plan = planMembership(
      [member(1), member(2, { healthy: false }), member(3, { healthy: false })],
      [1, 2, 3, 4].map(host),
    );
    assert.deepEqual(plan.steps, []);
    assert.deepEqual([plan.blocked?.step.action, plan.blocked?.healthy, plan.blocked?.voters], ["add", 1, 3]);
  });

  it("never leaves fewer members that answer than a quorum, and ends with what is wanted unless it is blocked", () => {
    const lives = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(lives, lives, fc.array(fc.integer({ min: 1, max: 7 })), (now, wanted, dead) => {
        const live = now.map((n) => member(n, { healthy: !dead.includes(n), leader: false }));
        const { steps, blocked } = planMembership(live, wanted.map(host));
        const voters = new Map(live.map(({ name, healthy }) => [name ?? "", healthy]));
        for (const { action, member: name } of steps) {
          const healthy = [...voters.values()].filter(Boolean).length;
          assert.ok(healthy >= quorumOf(voters.size), `before ${action} ${name}`);
          if (action === "promote") voters.set(name, true);
          if (action === "remove" || action === "fail") voters.delete(name);
          assert.ok([...voters.values()].filter(Boolean).length >= quorumOf(voters.size), `after ${action} ${name}`);
        }
        if (blocked === undefined) assert.deepEqual([...voters.keys()].sort(), wanted.map((n) => `cp${n}`).sort());
      }),
    );
  });

  it("the roster's steps stay where they were, and move only from a host that leaves or cannot be reached", () => {
    assert.equal(rosterHostFor("w1", ["cp1", "cp2", "cp3", "cp4"], { w1: "cp2" }), "cp2");
    assert.ok(["cp1", "cp3"].includes(rosterHostFor("w1", ["cp1", "cp3"], { w1: "cp2" })));
    assert.equal(rosterHostFor("cp3", ["cp1", "cp3"], undefined), "cp3");
    assert.throws(() => rosterHostFor("w1", [], undefined), /no control-plane host/);
  });

  it("who leaves is told by the last run, and by the live cluster where a killed run had written its outputs early", () => {
    const hosts = hostsOf();
    const live = {
      members: [member(1), member(4)],
      nodes: [
        { name: "w9", machineId: "m", ready: true, address: "192.0.2.29", owner: "demo" },
        { name: "other", machineId: "m", ready: true, address: "192.0.2.30", owner: "another-stack" },
      ],
    };
    const previous = {
      cp1: { address: address(1), roles: ["etcd"] },
      w2: { address: "192.0.2.22", roles: ["worker"] },
    };
    assert.deepEqual(
      leavingHosts(hosts, previous, live, "demo").map(
        ({ name, address: at, roles }) => `${name} ${at} ${roles.join()}`,
      ),
      ["cp4 192.0.2.14 etcd", "w9 192.0.2.29 worker", "w2 192.0.2.22 worker"],
    );
  });
});

describe("plan/guards/membership", () => {
  const hosts = hostsOf();
  /** What a host says that serves, in a cluster of these members. */
  const serving = (n: number, members: readonly number[], more: object = {}): HostReading => ({
    facts: factsOf(`cp${n}`, {
      bundles: { etcd: { generation: 1, state: "complete" }, node: { generation: 1, state: "complete" } },
      claim: { cluster: "demo", clusterId: "a", host: `cp${n}`, stack: "demo", generation: 1 },
      etcd: { data: true, self: memberStatus(`${n}`, "1"), members: members.map((m) => member(m)) },
      nodes: members.map((m) => ({ name: `cp${m}`, machineId: `machine-cp${m}`, ready: true, owner: "demo" })),
      ...more,
    }),
  });
  const situation = (
    readings: Record<string, HostReading>,
    more: Partial<MembershipSituation> = {},
  ): MembershipSituation => {
    const all = new Map(Object.entries(readings));
    return {
      ...{
        hosts,
        leaving: [],
        readings: all,
        live: liveCluster(all, [...hosts, ...(more.leaving ?? [])]),
        bootstrapped: true,
      },
      ...{ requests: { lost: [], replace: [] }, tombstones: {}, ...more },
    };
  };
  const healthy = { cp1: serving(1, [1, 2, 3]), cp2: serving(2, [1, 2, 3]), cp3: serving(3, [1, 2, 3]) };
  const found = (at: MembershipSituation): string[] =>
    [...guardMembership(at), ...guardReplacements(at)].map(({ rule, hosts: names }) => `${rule} ${names.join()}`);
  const cp4 = { name: "cp4", address: address(4), roles: ["etcd" as const, "control-plane" as const] };

  it("has nothing against a cluster that stays as it is, nor against a host that joins", () => {
    assert.deepEqual(found(situation(healthy)), []);
    const joined = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
    assert.deepEqual(found(situation({ ...healthy, w1: { facts: factsOf("w1") } }, { hosts: joined })), []);
  });

  it("leaving-unreachable: a host that leaves must answer, or be declared lost", () => {
    const gone: HostReading = { failure: "unreachable", message: "no answer" };
    const readings = {
      cp1: serving(1, [1, 2, 3, 4]),
      cp2: serving(2, [1, 2, 3, 4]),
      cp3: serving(3, [1, 2, 3, 4]),
      cp4: gone,
    };
    assert.deepEqual(found(situation(readings, { leaving: [{ ...cp4, recorded: true }] })), [
      "leaving-unreachable cp4",
    ]);
    assert.deepEqual(
      found(situation(readings, { leaving: [{ ...cp4, recorded: true }], requests: { lost: ["cp4"], replace: [] } })),
      [],
    );
  });

  it("lost-but-alive, lost-in-inventory, lost-unknown, replace-unknown: requests must fit the hosts", () => {
    const alive = { ...healthy, cp4: serving(4, [1, 2, 3]) };
    assert.deepEqual(
      found(situation(alive, { leaving: [{ ...cp4, recorded: true }], requests: { lost: ["cp4"], replace: [] } })),
      ["lost-but-alive cp4"],
    );
    assert.deepEqual(found(situation(healthy, { requests: { lost: ["cp1", "x"], replace: ["y"] } })), [
      "lost-in-inventory cp1",
      "lost-unknown x",
      "replace-unknown y",
    ]);
  });

  it("tombstone: a lost host that is back with its old identity is refused until it is reset", () => {
    const tombstones = { cp2: { address: address(2), roles: ["etcd"] } };
    assert.deepEqual(found(situation(healthy, { tombstones })), ["tombstone cp2"]);
    const readings = { cp1: serving(1, [1, 3]), cp2: { facts: factsOf("cp2") }, cp3: serving(3, [1, 3]) };
    assert.deepEqual(found(situation(readings, { tombstones })), []);
  });

  it("replaced-host: another machine, or an empty disk, under a known name is asked for explicitly", () => {
    const swapped = { ...healthy, cp2: serving(2, [1, 2, 3], { machineId: "another" }) };
    assert.deepEqual(found(situation(swapped)), ["replaced-host cp2"]);
    const empty = { ...healthy, cp2: { facts: factsOf("cp2") } };
    assert.deepEqual(found(situation(empty)), ["replaced-host cp2"]);
    assert.deepEqual(found(situation(empty, { requests: { lost: [], replace: ["cp2"] } })), []);
    // An etcd that was started without its data leaves an empty database behind.
    const begun = { data: true, logless: true, members: [] };
    const restarted = { ...healthy, cp2: serving(2, [1, 2, 3], { etcd: begun }) };
    assert.deepEqual(found(situation(restarted)), ["replaced-host cp2"]);
  });

  it("replaced-host: one that was begun anew without its data is told, also where no member answers", () => {
    const busy = (n: number) => serving(n, [1, 2, 3], { etcd: { data: true, members: [] } });
    const at = (etcd: object | undefined, restores: object = {}) =>
      found(situation({ cp1: busy(1), cp2: serving(2, [1, 2, 3], { etcd, ...restores }), cp3: busy(3) }));
    assert.deepEqual(at({ data: true, members: [] }), []);
    const begun = { data: true, logless: true, members: [] };
    assert.deepEqual(at(begun), ["replaced-host cp2"]);
    assert.deepEqual(at(begun, { restores: { seed: { id: "a" } } }), []);
  });

  it("last-control-plane: somebody must stay who holds what the cluster holds", () => {
    const four = hostsOf([{ ...cp4, roles: ["etcd", "control-plane", "load-balancer"] }]);
    const leaving = hosts.map(({ name, address: at, roles }) => ({ name, address: at, roles, recorded: true }));
    const at = situation({ ...healthy, cp4: { facts: factsOf("cp4") } }, { hosts: four, leaving });
    assert.deepEqual(found(at), ["last-control-plane cp1,cp2,cp3"]);
  });

  it("etcd-quorum: no change of members while too few answer", () => {
    const down: HostReading = { failure: "unreachable", message: "no answer" };
    const five = hostsOf([
      ...threeHosts,
      { ...cp4, roles: ["etcd", "control-plane"] },
      { ...cp4, name: "cp5", address: address(5) },
    ]);
    const fresh = { cp4: { facts: factsOf("cp4") }, cp5: { facts: factsOf("cp5") } };
    const at = situation({ cp1: serving(1, [1, 2, 3]), cp2: down, cp3: down, ...fresh }, { hosts: five });
    assert.deepEqual(found(at), ["etcd-quorum cp4"]);
    assert.match(
      guardMembership(at)[0]?.message ?? "",
      /1 of 3 voting members .* 2 are needed \(cp2, cp3 do not answer\)/,
    );
    const silent = {
      facts: factsOf("cp1", {
        bundles: { etcd: { generation: 1, state: "complete" as const } },
        etcd: { data: true, members: [] },
      }),
    };
    const nobody = situation({ cp1: silent, cp2: down, cp3: down, ...fresh }, { hosts: five });
    assert.deepEqual(found(nobody), ["etcd-quorum cp4,cp5"]);
  });
});

describe("plan/guards/settingschange", () => {
  const rules = (config: Record<string, unknown>, previous: Parameters<typeof guardSettingsChange>[1]): string[] =>
    guardSettingsChange(configOf(config), previous).map(({ rule }) => rule);
  const previous = {
    clusterName: "demo",
    network: { podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16", clusterDomain: "cluster.local" },
    versions: { kubernetes: "1.35.4", etcd: "3.6.14" },
  };

  it("immutable: what a cluster keeps for life", () => {
    assert.deepEqual(rules({}, previous), []);
    assert.deepEqual(rules({}, undefined), []);
    assert.deepEqual(rules({ podCidr: "10.240.0.0/16", clusterName: "other" }, previous), ["immutable", "immutable"]);
  });

  it("version-skip, version-down: one minor version at a time, and never back", () => {
    assert.deepEqual(rules({}, { ...previous, versions: { kubernetes: "1.34.4" } }), ["version-skip"]);
    assert.deepEqual(rules({ kubernetesVersion: "1.35.4" }, { ...previous, versions: { kubernetes: "1.36.3" } }), [
      "version-down",
    ]);
  });
});
