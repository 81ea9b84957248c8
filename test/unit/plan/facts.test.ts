import assert from "node:assert/strict";
import fc from "fast-check";
import { factsOf } from "../../support/cluster.ts";
import { bundleGeneration, claimGeneration, parseFacts } from "../../../plan/facts.ts";

const sample = `Welcome to this machine!
plinth-facts 1
machine-id 0af1
boot-id b00
hostname cp1
kernel 6.1.0-1
arch x86_64
os debian 12
uid 0
clock 1732279000.125
memory-kib 8000000
cpus 4
swap-kib 0
disk-free-kib /var/lib 123456
claim cluster demo
claim cluster-id 0123456789abcdef
claim host cp1
claim stack demo
claim generation 7
bundle etcd 3 complete
bundle controlplane 2 failed kube-apiserver.service did not become healthy
listen tcp 192.0.2.11 6443 811 kube-apiserver kube-apiserver.service
address 192.0.2.11 eth0
command curl /usr/bin/curl
command keepalived -
something-new x
mount-cgroup v2
end
`;

describe("plan/facts", () => {
  it("reads what a host says, and passes over noise and what it does not know", () => {
    const facts = parseFacts(sample);
    assert.equal(facts.arch, "amd64");
    assert.equal(facts.clock, 1732279000.125);
    assert.deepEqual(facts.claim, {
      cluster: "demo",
      clusterId: "0123456789abcdef",
      host: "cp1",
      stack: "demo",
      generation: 7,
    });
    assert.deepEqual(facts.bundles, {
      etcd: { generation: 3, state: "complete" },
      controlplane: { generation: 2, state: "failed", reason: "kube-apiserver.service did not become healthy" },
    });
    assert.deepEqual(facts.listeners, [
      { address: "192.0.2.11", port: 6443, pid: "811", command: "kube-apiserver", unit: "kube-apiserver.service" },
    ]);
    assert.deepEqual(facts.commands, { curl: "/usr/bin/curl" });
    assert.deepEqual(facts.diskFreeKiB, { "/var/lib": 123456 });
  });

  it("does not take half an answer for a whole one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: sample.lastIndexOf("\nend") }), (length) => {
        assert.throws(() => parseFacts(sample.slice(0, length)), /not complete/);
      }),
    );
  });

  it("a half-done bundle asks for the next generation, a complete one keeps its own", () => {
    const generation = (state: "complete" | "half-done" | "failed") =>
      bundleGeneration(factsOf("cp1", { bundles: { etcd: { generation: 4, state } } }), "etcd");
    assert.equal(generation("complete"), 4);
    assert.equal(generation("half-done"), 5);
    assert.equal(generation("failed"), 5);
  });

  it("a blank host has a generation of its own, which it keeps once it is claimed", () => {
    const first = factsOf("cp1", { bootId: "boot 1" });
    const anew = factsOf("cp1", { bootId: "boot 2" });
    assert.ok(bundleGeneration(first, "etcd") > 0);
    assert.equal(bundleGeneration(first, "etcd"), bundleGeneration(factsOf("cp1", { bootId: "boot 1" }), "etcd"));
    assert.notEqual(bundleGeneration(anew, "etcd"), bundleGeneration(first, "etcd"));
    assert.notEqual(claimGeneration(anew), claimGeneration(first));
    const claim = { cluster: "demo", clusterId: "x", host: "cp1", stack: "demo", generation: claimGeneration(first) };
    assert.equal(claimGeneration({ ...anew, claim }), claimGeneration(first));
  });
});
