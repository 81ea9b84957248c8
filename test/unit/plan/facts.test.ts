import assert from "node:assert/strict";
import fc from "fast-check";
import { factsOf } from "../../support/cluster.ts";
import { longestLook } from "../../../plan/look.ts";
import { bundleGeneration, claimGeneration, hostVersions, parseFacts } from "../../../plan/facts.ts";

const sample = `Welcome to this machine!
plinth-facts 1
machine-id 0af10af10af10af10af10af10af10af1
boot-id 6fd9a390-8002-4b85-81f5-8acf83500001
hostname cp1
kernel 6.1.0-1
arch x86_64
os debian 12
systemd 252
uid 0
container systemd-nspawn
own-address 127.0.1.1
own-address 192.0.2.11
time-sync chrony.service
clock 1732279000.125
memory-kib 8000000
memory-available-kib 7000000
swap-kib 1000
swap-used-kib 10
disk-free-kib /var/lib 123456
inodes-free /var/lib 789
claim cluster demo
claim cluster-id 0123456789abcdef
claim host cp1
claim stack demo
claim generation 7
bundle etcd 3 complete
bundle controlplane 2 failed kube-apiserver.service did not become healthy
populated /etc/kubernetes
listen tcp 192.0.2.11 6443 811 kube-apiserver kube-apiserver.service
listen udp 0.0.0.0 8472 - - -
address 192.0.2.11 eth0
link-mtu eth0 1400
resolver /etc/resolv.conf loopback
resolver /run/systemd/resolve/resolv.conf others
forward-drop nft ip filter FORWARD - 10.244.0.0/16,cni0
command curl /usr/bin/curl
command keepalived -
version nft 1.0.6
something-new x
mount-cgroup v2
cgroup-controllers cpu memory
kernel-feature overlay present
kernel-feature nf_tables loadable
kernel-feature vxlan missing
etcd-data
etcd-status [{"Endpoint":"https://192.0.2.11:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":13268734741009979368,"revision":12,"raft_term":3},"version":"3.6.14","dbSize":20971520,"leader":691103013092052465,"raftIndex":4711,"raftTerm":3}}]
etcd-member b82403f238c8d7e8 cp1 https://192.0.2.11:2380 started voter
etcd-member 17f68738da218ab6 - https://192.0.2.12:2380 unstarted learner
nodes 3
node w1 True 0af20af20af20af20af20af20af20af2 192.0.2.21+192.0.2.22+ demo - -
node w2 - - - - - -
node w3 True 0af30af30af30af30af30af30af30af3 192.0.2.23 demo cordoned uncordon
elapsed 0.42
end
`;

describe("plan/facts", () => {
  it("reads what members and the API server say", () => {
    const { etcd, nodes, elapsed } = parseFacts(sample);
    assert.equal(elapsed, 0.42);
    assert.deepEqual(etcd, {
      data: true,
      self: {
        clusterId: "cdf818194e3a8c32",
        revision: 12,
        ...{ id: "b82403f238c8d7e8", leader: "9974a875e8dcdf1", version: "3.6.14", dbSize: 20971520, raftIndex: 4711 },
        ...{ raftApplied: 0, learner: false, errors: [], alarms: [] },
      },
      members: [
        { id: "b82403f238c8d7e8", name: "cp1", peerUrls: ["https://192.0.2.11:2380"], started: true, learner: false },
        { id: "17f68738da218ab6", peerUrls: ["https://192.0.2.12:2380"], started: false, learner: true },
      ],
    });
    assert.deepEqual(nodes, [
      { name: "w1", machineId: "0af2".repeat(8), ready: true, address: "192.0.2.21", owner: "demo" },
      { name: "w2", ready: false },
      {
        ...{ name: "w3", machineId: "0af3".repeat(8), ready: true, address: "192.0.2.23", owner: "demo" },
        ...{ leaving: "cordoned", drained: "uncordon" },
      },
    ]);
    const bare = parseFacts("plinth-facts 1\nmachine-id -\nend\n");
    assert.deepEqual([bare.etcd, bare.nodes], [undefined, undefined]);
    assert.deepEqual(parseFacts("plinth-facts 1\nnodes 0\nend\n").nodes, [], "none is not unknown");
  });

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
      {
        protocol: "tcp",
        address: "192.0.2.11",
        port: 6443,
        pid: "811",
        command: "kube-apiserver",
        unit: "kube-apiserver.service",
      },
      { protocol: "udp", address: "0.0.0.0", port: 8472, pid: "-", command: "-", unit: "-" },
    ]);
    assert.deepEqual(facts.linkMtus, { eth0: 1400 });
    assert.deepEqual(facts.resolvers, {
      "/etc/resolv.conf": "loopback",
      "/run/systemd/resolve/resolv.conf": "others",
    });
    assert.deepEqual(facts.forwardDrops, [
      { tool: "nft", family: "ip", table: "filter", chain: "FORWARD", from: [], to: ["10.244.0.0/16", "cni0"] },
    ]);
    assert.deepEqual(facts.commands, { curl: "/usr/bin/curl" });
    assert.deepEqual([facts.diskFreeKiB, facts.inodesFree], [{ "/var/lib": 123456 }, { "/var/lib": 789 }]);
    assert.deepEqual([facts.swapKiB, facts.swapUsedKiB, facts.memoryAvailableKiB], [1000, 10, 7_000_000]);
    assert.equal(facts.container, "systemd-nspawn");
    assert.deepEqual(facts.ownAddresses, ["127.0.1.1", "192.0.2.11"]);
    assert.deepEqual([facts.timeSync, facts.populated], [["chrony.service"], ["/etc/kubernetes"]]);
    assert.deepEqual(facts.cgroupControllers, ["cpu", "memory"]);
    assert.deepEqual(facts.features, { overlay: "present", nf_tables: "loadable", vxlan: "missing" });
    assert.deepEqual(hostVersions(facts), {
      kernel: "6.1.0-1",
      os: "debian 12",
      systemd: "252",
      arch: "amd64",
      tools: { nft: "1.0.6" },
    });
  });

  it("refuses what makes no sense, with what it is about", () => {
    for (const [line, what] of [
      ["memory-kib many", "its memory"],
      ["uid", "its user"],
      ["listen tcp 192.0.2.11 https - - -", "who listens"],
      ["bundle etcd 3 perfect", "its bundles"],
      ["etcd-member xyz cp1 https://192.0.2.11:2380 started voter", "members of etcd"],
      ["etcd-member 1 cp1 https://192.0.2.11:2380 started king", "members of etcd"],
      ["etcd-status {}", "etcd member"],
      ["kernel-feature overlay perhaps", "its kernel"],
      ["link-mtu eth0 large", "its links"],
      ["resolver /etc/resolv.conf 192.0.2.1", "its name servers"],
      ["forward-drop sh ip filter FORWARD - -", "its firewall"],
      ["forward-drop nft ip filter FORWARD;reboot - -", "its firewall"],
      [`forward-drop nft ip filter FORWARD - ${"a".repeat(1200)}`, "its firewall"],
      ["machine-id 0af1;reboot", "its machine id"],
      ["hostname w1$(reboot)", "its name"],
      ["hostname --all", "its name"],
      ["kernel 6.1\u001b[2J", "its kernel"],
      [`kernel ${"6".repeat(200)}`, "its kernel"],
      ["claim cluster-id a'b", "its claim"],
      ["claim generation 1e9", "its claim"],
      ["bundle __proto__ 3 complete", "its bundles"],
      ["disk-free-kib ../var 3", "its disks"],
      ["listen tcp 192.0.2.11 70000 - - -", "who listens"],
      ["address 192.0.2.300 eth0", "its addresses"],
      ["own-address localhost", "its own address"],
      ["etcd-member 1 x;touch https://192.0.2.11:2380 started voter", "members of etcd"],
      ["etcd-member 1 cp1 https://192.0.2.11:2380/x started voter", "members of etcd"],
      ["etcd-member 1 cp1 file:///etc/passwd started voter", "members of etcd"],
      ["node --all True - - - - -", "Nodes"],
    ] as const) {
      const text = ["plinth-facts 1", line, "end", ""].join("\n");
      assert.throws(() => parseFacts(text), new RegExp(`${what} makes no sense`), line);
    }
  });

  it("escapes what it shows of an answer that makes no sense", () => {
    const text = (line: string) => ["plinth-facts 1", line, "end", ""].join("\n");
    assert.throws(() => parseFacts(text("kernel a\u001b[2J\u202eb")), /makes no sense: a\\x1b\[2J\\u\{202e\}b$/);
    const { bundles, etcd } = parseFacts(text("bundle etcd 3 failed \u001b[31mred\netcd-status-failed a\u0007b"));
    assert.deepEqual(bundles["etcd"]?.reason, "\\x1b[31mred");
    assert.equal(etcd?.selfError, "a\\x07b");
    assert.throws(() => parseFacts(text(`os ${"x".repeat(longestLook)}`)), /longer than 8 Mi characters/);
  });

  it("takes nothing from a Node that its own kubelet wrote in another form, and keeps the others", () => {
    const word = (value: string) => encodeURIComponent(value).replaceAll("%20", "+");
    const hostile = ["x\nnode w2 True", "--all", "'; reboot #", "", "-", "a".repeat(100_000)];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary" })), { minLength: 6, maxLength: 6 }),
        (values) => {
          const lines = [
            `node w1 ${values.map((value) => word(value.toWellFormed()) || "-").join(" ")}`,
            "node w2 True - - - - -",
          ];
          const { nodes } = parseFacts(["plinth-facts 1", "nodes 2", ...lines, "end", ""].join("\n"));
          assert.deepEqual(
            nodes?.map(({ name }) => name),
            ["w1", "w2"],
          );
          for (const value of Object.values(nodes[0] ?? {})) assert.match(String(value), /^[\w.:-]+$/);
        },
      ),
    );
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

  it("what is to be healed asks for the next generation, whatever state it is in", () => {
    const facts = (state: "complete" | "failed") => factsOf("cp1", { bundles: { etcd: { generation: 4, state } } });
    assert.equal(bundleGeneration(facts("complete"), "etcd", true), 5);
    assert.equal(bundleGeneration(facts("failed"), "etcd", true), 5);
    const blank = factsOf("cp1");
    assert.equal(bundleGeneration(blank, "etcd", true), bundleGeneration(blank, "etcd") + 1);
    assert.equal(claimGeneration(blank, true), claimGeneration(blank) + 1);
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
