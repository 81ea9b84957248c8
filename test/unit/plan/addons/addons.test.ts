import assert from "node:assert/strict";
import fc from "fast-check";
import { bootstrappersGroup, grants } from "../../../../plan/addons/access.ts";
import { metricsArguments, metricsLeaf, metricsMemoryLimit, metricsReplicas } from "../../../../plan/addons/metrics.ts";
import { contentName } from "../../../../plan/addons/objects.ts";
import { addonHosts, apart } from "../../../../plan/addons/placement.ts";
import { configOf, hostsOf, threeHosts } from "../../../support/cluster.ts";

const worker = (n: number, extra: object = {}) => ({
  name: `w${n}`,
  address: `192.0.${2 + Math.floor(n / 200)}.${20 + (n % 200)}`,
  roles: ["worker"],
  ...extra,
});
const selector = { "k8s-app": "demo" };

describe("grants", () => {
  it("never lets the holder of a bootstrap token have a request approved by itself", () => {
    const roles = grants(configOf())
      .filter(({ subject }) => subject.name === bootstrappersGroup)
      .map(({ role }) => role);
    assert.deepEqual(roles, ["system:node-bootstrapper"]);
  });

  it("name groups that the API server takes for bootstrap tokens", () => {
    assert.match(bootstrappersGroup, /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/);
  });

  it("let flannel in only where it runs, to Nodes and their status alone", () => {
    assert.ok(!grants({ network: "none" }).some(({ name }) => name === "node-routes"));
    const routes = grants({ network: "flannel" }).find(({ name }) => name === "node-routes");
    assert.deepEqual(routes?.subject, { kind: "Group", name: "system:nodes" });
    assert.deepEqual(routes.role, [
      { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    ]);
  });
});

describe("placement", () => {
  it("keeps replicas strictly apart where two Nodes take them", () => {
    assert.ok(apart(hostsOf(), selector).requiredDuringSchedulingIgnoredDuringExecution);
    const one = [{ ...threeHosts[0], roles: ["etcd", "control-plane"] }];
    assert.ok(apart(hostsOf(one), selector).preferredDuringSchedulingIgnoredDuringExecution);
  });

  it("counts no host that is not a Node, nor one with a taint of its own", () => {
    const hosts = hostsOf([
      threeHosts[0],
      { name: "lb1", address: "192.0.2.31", roles: ["load-balancer"] },
      worker(1, { taints: [{ key: "gpu", effect: "NoSchedule" }] }),
      worker(2, { taints: [{ key: "old", effect: "PreferNoSchedule" }] }),
      worker(3, { taints: [{ key: "CriticalAddonsOnly", effect: "NoExecute" }] }),
      worker(4, { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoExecute" }] }),
    ]);
    assert.deepEqual(
      addonHosts(hosts).map((host) => host.name),
      ["cp1", "w2", "w3"],
    );
  });
});

describe("metrics-server", () => {
  it("has two replicas where they can be apart", () => {
    assert.equal(metricsReplicas(hostsOf()), 2);
    assert.equal(metricsReplicas(hostsOf([threeHosts[0]])), 1);
  });

  it("gets more memory with every hundred Nodes, not with every Node", () => {
    const nodes = (count: number) =>
      metricsMemoryLimit(hostsOf(Array.from({ length: count }, (_, index) => worker(index))));
    assert.equal(nodes(1), "384Mi");
    assert.equal(nodes(100), "384Mi");
    assert.equal(nodes(101), "640Mi");
  });

  it("is called by the name in its certificate, verifies kubelets, and serves with a file", () => {
    assert.deepEqual(metricsLeaf(configOf()).dnsNames, [
      "metrics-server.kube-system.svc",
      "metrics-server.kube-system.svc.cluster.local",
    ]);
    assert.ok(metricsArguments().some((argument) => argument.startsWith("--kubelet-certificate-authority=")));
    assert.ok(!metricsArguments().some((argument) => argument.includes("insecure")));
  });
});

describe("contentName", () => {
  it("is a DNS name that differs whenever a content differs", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.array(fc.string(), { minLength: 1 }), (a, b) => {
        const name = contentName("coredns", ...a);
        assert.match(name, /^coredns-[0-9a-f]{10}$/);
        assert.equal(name === contentName("coredns", ...b), JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    assert.notEqual(contentName("x", "ab", "c"), contentName("x", "a", "bc"));
  });
});
