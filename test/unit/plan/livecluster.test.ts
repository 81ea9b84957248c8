import assert from "node:assert/strict";
import type { HostReading } from "../../../plan/facts.ts";
import { liveCluster, peerUrlOf } from "../../../plan/livecluster.ts";
import type { EtcdMember } from "../../../plan/members.ts";
import type { KubeNode } from "../../../plan/nodes.ts";
import { factsOf, hostsOf, memberStatus, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const member = (n: number): EtcdMember => ({
  ...{ id: `${n}`, name: `cp${n}`, peerUrls: [`https://192.0.2.1${n}:2380`], started: true, learner: false },
});
const members = [1, 2, 3].map(member);
const node = (name: string, more: Partial<KubeNode> = {}): KubeNode => ({ name, ready: true, owner: "demo", ...more });

interface Said {
  members?: EtcdMember[];
  self?: string;
  leader?: string;
  nodes?: KubeNode[];
}

/** What hosts say; those of the control plane the truth, where nothing else is given. */
function said(by: Record<string, Said>): Map<string, HostReading> {
  return new Map(
    hosts.map(({ name, roles }): [string, HostReading] => {
      const truth: Said = roles.includes("etcd")
        ? { members, self: name.slice(-1), leader: "1", nodes: [node("cp1")] }
        : {};
      const { nodes, self, leader, members: list } = { ...truth, ...by[name] };
      return [
        name,
        {
          facts: factsOf(name, {
            ...(list === undefined
              ? {}
              : { etcd: { data: true, self: memberStatus(self ?? "9", leader ?? "9"), members: list } }),
            ...(nodes === undefined ? {} : { nodes }),
          }),
        },
      ];
    }),
  );
}

describe("plan/livecluster", () => {
  const forged: EtcdMember = { ...member(9), name: "x", peerUrls: ["https://192.0.2.99:2380"] };
  const ids = (readings: Map<string, HostReading>) => liveCluster(readings, hosts).members?.map(({ id }) => id);

  it("is what hosts with the role tell: the members of etcd from etcd's hosts, Nodes from API servers", () => {
    const { members: live, nodes } = liveCluster(
      said({
        w1: { members: [forged], self: "9", leader: "9", nodes: [node("cp1", { machineId: "x" }), node("evil")] },
      }),
      hosts,
    );
    assert.deepEqual(
      live?.map(({ id, healthy, leader }) => [id, healthy, leader]),
      [
        ["1", true, true],
        ["2", true, false],
        ["3", true, false],
      ],
    );
    assert.deepEqual(nodes, [node("cp1")]);
    assert.equal(
      liveCluster(
        said({ cp1: { members: [] }, cp2: { members: [] }, cp3: { members: [] }, w1: { members: [forged] } }),
        hosts,
      ).members,
      undefined,
    );
  });

  it("takes the list that most of etcd's hosts tell, whoever says that it leads", () => {
    assert.deepEqual(ids(said({ cp3: { members: [forged], self: "3", leader: "3" } })), ["1", "2", "3"]);
    assert.deepEqual(
      ids(said({ cp2: { members: [member(1), member(2)] }, cp3: { members: [] } })),
      ["1", "2", "3"],
      "the leader's, of two",
    );
    const reversed = said({ cp2: { members: members.toReversed() }, cp1: { members: [forged] } });
    assert.deepEqual(ids(reversed), ["1", "2", "3"], "in any order");
  });

  it("takes a member for healthy only by the word of the host that it is on", () => {
    const readings = said({ cp2: { self: "3" }, cp3: { members: [] } });
    assert.deepEqual(
      liveCluster(readings, hosts).members?.map(({ id, healthy }) => [id, healthy]),
      [
        ["1", true],
        ["2", false],
        ["3", false],
      ],
    );
    assert.deepEqual(member(3).peerUrls, hosts.slice(2, 3).map(peerUrlOf));
  });

  it("has the Nodes that more than half of the API servers tell", () => {
    const nodes = (by: Record<string, Said>) =>
      liveCluster(said(by), hosts).nodes?.map(({ name, machineId }) => [name, machineId]);
    assert.deepEqual(nodes({ cp1: { nodes: [node("cp1", { machineId: "lie" }), node("evil")] } }), [
      ["cp1", undefined],
    ]);
    assert.deepEqual(nodes({ cp1: { nodes: [] } }), [["cp1", undefined]]);
    assert.equal(liveCluster(new Map(), hosts).nodes, undefined);
  });
});
