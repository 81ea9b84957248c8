import assert from "node:assert/strict";
import fc from "fast-check";
import { applyOverrides, lastWorkerFindings, type WorkerSituation } from "../../../plan/guards.ts";
import type { KubeNode } from "../../../plan/nodes.ts";
import { hostsOf, threeHosts } from "../../support/cluster.ts";

const w1 = { name: "w1", address: "192.0.2.21", roles: ["worker"] as const };
const w2 = { ...w1, name: "w2", address: "192.0.2.22" };
const node = (name: string): KubeNode => ({ name, ready: true });
const previous = {
  hosts: Object.fromEntries(
    [...threeHosts, w1, w2].map(({ name, address, roles }) => [name, { address, roles: [...roles] }]),
  ),
};
const leavingOf = (...all: (typeof w1)[]) => all.map((host) => ({ ...host, recorded: true }));
const nodes = [...threeHosts, w1, w2].map(({ name }) => node(name));
const judge = (change: Partial<WorkerSituation> = {}) =>
  lastWorkerFindings({ hosts: hostsOf(threeHosts), leaving: leavingOf(w1, w2), live: { nodes }, previous, ...change });

describe("plan/guards/lastworker", () => {
  it("refuses that all workers leave, unless somebody insists", () => {
    const findings = judge();
    assert.deepEqual(
      findings.map(({ rule, hosts }) => [rule, hosts]),
      [["last-worker", ["w1", "w2"]]],
    );
    assert.deepEqual(applyOverrides(findings, ["last-worker"]).remaining, []);
    assert.equal(judge({ live: { nodes: undefined } }).length, 1, "nobody needs to be asked");
  });

  it("refuses that the last host with the role gives it up, without leaving", () => {
    const hosts = hostsOf([
      ...threeHosts,
      { ...w1, roles: ["load-balancer"] as const },
      { ...w2, roles: ["etcd"] as const },
    ]);
    assert.deepEqual(judge({ hosts, leaving: [] })[0]?.hosts, ["w1", "w2"]);
  });

  it("lets workers leave while another host is or becomes one, or a pool has some", () => {
    assert.deepEqual(judge({ hosts: hostsOf([...threeHosts, w2]), leaving: leavingOf(w1) }), []);
    const [first, ...rest] = threeHosts;
    assert.ok(first);
    assert.deepEqual(judge({ hosts: hostsOf([{ ...first, roles: [...first.roles, "worker"] }, ...rest]) }), []);
    assert.deepEqual(judge({ live: { nodes: [...nodes, { ...node("p1"), owner: "pool" }] } }), []);
  });

  it("has no word about a cluster without workers", () => {
    const hosts = Object.fromEntries(Object.entries(previous.hosts).filter(([name]) => name.startsWith("cp")));
    assert.deepEqual(judge({ leaving: [], previous: { hosts } }), []);
    assert.deepEqual(judge({ leaving: [], previous: undefined, live: { nodes: undefined } }), []);
  });

  it("has no word about a worker that a killed run was about to let join", () => {
    const asked = (...known: { name: string; joining?: boolean }[]) => ({
      hosts: Object.fromEntries(
        known.map(({ name, ...more }) => [name, { ...w1, roles: [...w1.roles], ...more }] as const),
      ),
    });
    const joining = { name: "w1", joining: true };
    assert.deepEqual(judge({ leaving: leavingOf(w1), previous: asked(joining) }), []);
    assert.deepEqual(judge({ previous: asked(joining, { name: "w2" }) })[0]?.hosts, ["w2"]);
  });

  it("never speaks while a worker stays", () => {
    fc.assert(
      fc.property(fc.subarray([w1, w2]), fc.boolean(), (leaving, known) => {
        const staying = [w1, w2].filter((host) => !leaving.includes(host));
        const findings = judge({
          hosts: hostsOf([...threeHosts, ...staying]),
          leaving: leavingOf(...leaving),
          live: { nodes: known ? nodes : undefined },
        });
        assert.equal(findings.length, staying.length === 0 ? 1 : 0);
      }),
    );
  });
});
