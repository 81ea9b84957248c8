import assert from "node:assert/strict";
import type { HostReading } from "../../../plan/facts.ts";
import { peerUrlOf } from "../../../plan/livecluster.ts";
import { leavingHosts } from "../../../plan/membership.ts";
import { membershipChange } from "../../../plan/membershipchange.ts";
import { liveCluster } from "../../../plan/livecluster.ts";
import type { PreviousHost } from "../../../plan/outputs.ts";
import { noRequests } from "../../../plan/requests.ts";
import { factsOf, hostsOf, memberStatus, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf();
const cp4: PreviousHost = { address: "192.0.2.14", roles: ["etcd", "control-plane"] };
const w9: PreviousHost = { address: "192.0.2.29", roles: ["worker"] };

/** The generation of the roster after one of 5, where a host has left and the cluster still has what is given. */
function generation(left: Record<string, PreviousHost>, has: { member?: string; node?: string }): number {
  const known = Object.fromEntries(
    threeHosts.map(({ name, address, roles }) => [name, { address, roles: [...roles] }]),
  );
  const previous = { hosts: { ...known, ...left }, rosterGeneration: 5 };
  const urls = [
    ...threeHosts.map(peerUrlOf),
    ...(has.member === undefined ? [] : [peerUrlOf({ address: has.member })]),
  ];
  const members = urls.map((url, index) => ({
    ...{ id: `${index}`, peerUrls: [url], started: index < 3, learner: index >= 3 },
    ...(index < 3 ? { name: `cp${index + 1}` } : {}),
  }));
  const node = { machineId: "m", ready: true, owner: "demo" };
  const nodes = has.node === undefined ? [] : [{ ...node, name: has.node, address: "192.0.2.29" }];
  const readings = new Map<string, HostReading>(
    hosts.map(({ name }) => {
      const etcd = { data: true, self: memberStatus(name, "cp1"), members };
      return [name, { facts: factsOf(name, { etcd, nodes }) }];
    }),
  );
  const live = liveCluster(readings, hosts);
  const leaving = leavingHosts(hosts, previous.hosts, live, "demo");
  return membershipChange({
    ...{ hosts, leaving, controlPlane: hosts, readings, live, previous, requests: noRequests, rejoining: new Set() },
  }).rosterGeneration;
}

describe("plan/membershipchange", () => {
  it("makes the roster good where a killed run let hosts join that the inventory has no more: the state knows nothing of it", () => {
    const joining = true;
    assert.equal(generation({ cp4: { ...cp4, joining } }, { member: cp4.address }), 6, "a member, started or not");
    assert.equal(generation({ w9: { ...w9, joining } }, { node: "w9" }), 6, "a Node");
    assert.equal(generation({ cp4: { ...cp4, joining }, w9: { ...w9, joining } }, {}), 5, "claimed and no more");
  });

  it("leaves it to the roster's text where the state knows the hosts that leave", () => {
    assert.equal(generation({ cp4 }, { member: cp4.address }), 5);
    assert.equal(generation({ w9 }, { node: "w9" }), 5);
  });

  describe("of hosts in service whose Node is gone", () => {
    const complete = { node: { generation: 3, state: "complete" as const } };
    const known = Object.fromEntries(
      threeHosts.map(({ name, address, roles }): [string, PreviousHost] => [name, { address, roles: [...roles] }]),
    );
    const node = (name: string, owner?: string) => ({ name, ready: true, ...(owner === undefined ? {} : { owner }) });
    /** What is healed where the API servers list these Nodes. */
    function heal(
      nodes: ReturnType<typeof node>[] | undefined,
      change: { bundles?: object; joining?: true; rejoining?: string[] } = {},
    ) {
      const { bundles = complete, joining, rejoining = [] } = change;
      const readings = new Map<string, HostReading>(
        hosts.map(({ name }) => [
          name,
          { facts: factsOf(name, { bundles: { ...bundles }, ...(nodes === undefined ? {} : { nodes }) }) },
        ]),
      );
      const cp3 = known["cp3"];
      const previous = {
        hosts: { ...known, ...(joining === undefined || cp3 === undefined ? {} : { cp3: { ...cp3, joining } }) },
      };
      const live = liveCluster(readings, hosts);
      const found = membershipChange({
        ...{ hosts, leaving: [], controlPlane: hosts, readings, live, previous, requests: noRequests },
        rejoining: new Set(rejoining),
      });
      return [[...found.heal], found.unregistered];
    }
    const two = [node("cp1", "demo"), node("cp2", "demo")];

    it("registers them again, as it does those that a kubelet has registered anew by itself", () => {
      assert.deepEqual(heal(two), [["cp3/node"], ["cp3"]]);
      assert.deepEqual(heal([...two, node("cp3")]), [["cp3/node"], ["cp3"]]);
      assert.deepEqual(heal([...two, node("cp3", "demo")]), [[], []]);
    });

    it("applies the bundle of those again whose kubelets join anew, without a word about their Nodes", () => {
      assert.deepEqual(heal([...two, node("cp3", "demo")], { rejoining: ["cp2"] }), [["cp2/node"], []]);
      assert.deepEqual(heal(undefined, { rejoining: ["cp2"] }), [["cp2/node"], []]);
    });

    it("takes nobody for gone where no API server answers, or the host was not in service", () => {
      assert.deepEqual(heal(undefined), [[], []]);
      assert.deepEqual(heal(two, { joining: true }), [[], []]);
      assert.deepEqual(heal(two, { bundles: {} }), [[], []]);
      assert.deepEqual(heal(two, { bundles: { node: { generation: 3, state: "half-done" } } }), [[], []]);
    });
  });
});
