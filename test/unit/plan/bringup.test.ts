import assert from "node:assert/strict";
import { bringUp, bundles, bundlesOf, entryFor, stepNamed } from "../../../plan/bringup.ts";
import { artifactsOf, planHost } from "../../../plan/bundles/index.ts";
import { noLoadBalancer } from "../../../plan/bundles/loadbalancer.ts";
import type { Host } from "../../../plan/inventory.ts";
import { configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const config = configOf();
const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const named = (name: string): Host => {
  const host = hosts.find((candidate) => candidate.name === name);
  assert.ok(host);
  return host;
};

describe("plan/bringup", () => {
  it("keeps the names and type tokens that stand in the states of clusters", () => {
    const tokens = {
      baseline: "plinth:host:Baseline",
      etcd: "plinth:etcd:Member",
      controlplane: "plinth:controlplane:ControlPlane",
      loadbalancer: "plinth:loadbalancer:LoadBalancer",
      runtime: "plinth:worker:Runtime",
      node: "plinth:worker:NodeAgents",
    };
    const present = Object.fromEntries(bundles.map(({ name, type }) => [name, type]));
    for (const [name, type] of Object.entries(tokens)) assert.equal(present[name], type);
  });

  it("leaves of a load balancer that is not wanted any more that it goes, and changes nothing else", () => {
    const former = new Set(["cp1"]);
    for (const entry of bundles) {
      assert.equal(entryFor(named("cp2"), entry, former, {}), entry);
      const parts = entry.name === "loadbalancer" ? [noLoadBalancer] : entry.parts;
      assert.deepEqual(entryFor(named("cp1"), entry, former, {}), { ...entry, parts });
    }
  });

  it("has names and tokens that are unique, and names that hosts and URNs take", () => {
    const names = bringUp.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(new Set(bundles.map(({ type }) => type)).size, bundles.length);
    for (const { name, type } of bundles) {
      assert.match(name, /^[a-z][a-z0-9-]*$/);
      assert.match(type, /^plinth:[a-z]+:[A-Z][A-Za-z]+$/);
    }
  });

  it("has everything for all hosts first, then the control plane, and what needs the API last", () => {
    const stages = bringUp.flatMap((step) => ("stage" in step ? [step.stage] : []));
    const order = ["host", "control-plane", "node", "last"];
    assert.deepEqual(
      stages,
      [...stages].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    );
  });

  it("gives a host the bundles of its roles, and load balancers only where there is a virtual IP", () => {
    const of = (host: Host, extra = {}) => bundlesOf(host, configOf(extra)).map(({ name }) => name);
    const only = (names: string[], ...wanted: string[]) => names.filter((name) => wanted.includes(name));
    assert.deepEqual(only(of(named("cp1")), "etcd", "controlplane", "loadbalancer", "runtime", "node"), [
      "etcd",
      "controlplane",
      "loadbalancer",
      "runtime",
      "node",
    ]);
    assert.deepEqual(only(of(named("w1")), "etcd", "controlplane", "loadbalancer"), []);
    assert.ok(!of(named("cp1"), { vip: "", externalEndpoint: "lb.example.net" }).includes("loadbalancer"));
    assert.ok([...hosts].every((host) => of(host)[0] === "baseline"));
  });

  it("plans no host twice the same", () => {
    for (const host of hosts) {
      const planned = planHost({ host, hosts, config });
      assert.deepEqual(
        planned.map(({ name }) => name),
        bundlesOf(host, config).map(({ name }) => name),
      );
    }
  });

  it("knows its steps by name", () => {
    assert.equal(stepNamed("drain", {}).kind, "node");
    assert.throws(() => stepNamed("nothing", {}), /there is no step nothing/);
  });

  it("says what hosts fetch, each once", () => {
    const names = (of: readonly Host[], extra = {}) =>
      artifactsOf(of, configOf(extra)).binaries.map(({ name, version }) => `${name} ${version}`);
    const worker = names([named("w1")]);
    assert.ok(worker.includes("kubelet 1.36.3") && worker.includes("runc 1.5.2") && worker.includes("portmap 1.9.1"));
    assert.ok(!worker.some((name) => /^(etcd|kube-apiserver|kubectl) /.test(name)));
    const all = names(hosts, { etcdVersion: "3.6.9" });
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.includes("etcd 3.6.9") && all.includes("kubectl 1.36.3"));
    assert.ok(!names(hosts, { network: "none" }).some((name) => name.startsWith("flanneld")));
    const { downloads } = artifactsOf(hosts, configOf({ images: ["web", "pause"] }));
    assert.equal(new Set(downloads).size, downloads.length);
    assert.deepEqual(
      downloads.filter((source) => source.startsWith("images/")),
      ["images/pause.tar", "images/web.tar"],
    );
  });
});
