import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseKubeconfig } from "../../../../cli/status/api.ts";
import { firstToExpire, judge, nodesOfInterest, vipHolders } from "../../../../cli/status/judge.ts";
import { parseNodes } from "../../../../cli/status/nodes.ts";
import { parseEtcdMembers, parseEtcdStatus, parseProbe } from "../../../../cli/status/probe.ts";
import { statusLines } from "../../../../cli/status/render.ts";
import type { HostProbe, NodeStatus, Observation } from "../../../../cli/status/types.ts";
import { renderKubeconfig } from "../../../../plan/bundles/kubeconfig.ts";
import type { Host } from "../../../../plan/inventory.ts";
import { hostsOf } from "../../../support/cluster.ts";
import { bare } from "../support.ts";

const etcdStatus =
  '[{"Endpoint":"https://127.0.0.1:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,' +
  '"revision":12,"raft_term":3},"version":"3.6.14","dbSize":20971520,"leader":10276657743932975437,"raftIndex":4711,"raftTerm":3}}]';
const memberList =
  '{"header":{"cluster_id":1},"members":[{"ID":10276657743932975437,"name":"cp1","peerURLs":["https://192.0.2.11:2380"]},' +
  '{"ID":2,"name":"","peerURLs":["https://192.0.2.12:2380"],"isLearner":true}]}';

describe("what a host's probe prints", () => {
  it("is read section by section", () => {
    const probe = parseProbe(
      [
        "plinth-probe 1",
        "== uptime",
        "123.45",
        "== addresses",
        "127.0.0.1 lo",
        "192.0.2.11 eth0",
        "== machine",
        "0123456789abcdef",
        "== bundles",
        '{"claim":{"cluster":"c"},"bundles":[{"bundle":"etcd","generation":2,"state":"failed","reason":"x","units":{"etcd.service":"failed"},"drift":["/etc/a",{"kind":"file","name":"/etc/b","detail":"is missing"},{"kind":"unit-stopped","name":"etcd.service","detail":"is failed"}]}]}',
        "== etcd-status",
        etcdStatus,
        "== etcd-members",
        memberList,
        "== certificate /etc/kubernetes/pki/broken.crt",
        "nonsense",
        "== end",
        "",
      ].join("\n"),
    );
    assert.equal(probe.uptime, 123.45);
    assert.equal(probe.machineId, "0123456789abcdef");
    assert.deepEqual(probe.addresses, { "127.0.0.1": "lo", "192.0.2.11": "eth0" });
    assert.deepEqual(probe.bundles, [
      {
        bundle: "etcd",
        generation: 2,
        state: "failed",
        reason: "x",
        units: { "etcd.service": "failed" },
        drift: ["/etc/a", "/etc/b"],
      },
    ]);
    assert.equal(probe.etcd?.raftIndex, 4711);
    assert.equal(probe.members?.length, 2);
    assert.deepEqual(probe.certificates, []);
  });

  it("keeps all 64 bits of etcd's ids", () => {
    assert.equal(parseEtcdStatus(etcdStatus)?.memberId, 10276657743932975437n.toString(16));
    assert.equal(parseEtcdStatus(etcdStatus)?.leaderId, 10276657743932975437n.toString(16));
    assert.deepEqual(parseEtcdMembers(memberList), [
      { id: "8e9e05c52164694d", name: "cp1", started: true, isLearner: false },
      { id: "2", name: "", started: false, isLearner: true },
    ]);
  });

  it("says why etcd did not answer", () => {
    const text = [
      "plinth-probe 1",
      "== etcd-status",
      '{"level":"warn","error":"context \\"x\\" deadline exceeded"}',
      "== end",
    ];
    const probe = parseProbe(text.join("\n"));
    assert.equal(probe.etcd, undefined);
    assert.equal(probe.etcdError, 'context "x" deadline exceeded');
  });

  it("is not believed when it is cut off", () => {
    assert.throws(() => parseProbe("plinth-probe 1\n== uptime\n1"), /cut off/);
    assert.throws(() => parseProbe(""), /cut off/);
  });

  it("comes from a script that runs on a machine without anything of ours", () => {
    const script = join(import.meta.dirname, "../../../../cli/status/probe.sh");
    const probe = parseProbe(execFileSync("/bin/sh", [script], { encoding: "utf8" }));
    assert.ok(probe.uptime > 0);
    assert.ok(Object.values(probe.addresses).includes("lo"));
    assert.deepEqual([probe.etcd, probe.etcdError], [undefined, undefined]);
  });
});

describe("the judgement about a cluster", () => {
  const hosts: Host[] = ["cp1", "cp2"].map((name, index) => ({
    name,
    address: `192.0.2.${11 + index}`,
    roles: ["etcd", "control-plane"],
    arch: "amd64",
    labels: {},
    annotations: {},
    taints: [],
  }));
  const vip = "192.0.2.10";
  const at = Date.parse("2026-06-01T00:00:00Z");
  const certificate = {
    path: "/etc/kubernetes/pki/a.crt",
    subject: "CN=a",
    notBefore: "2026-01-01T00:00:00.000Z",
    notAfter: "2027-01-01T00:00:00.000Z",
  };
  const members = hosts.map(({ name }, index) => ({ id: String(index + 1), name, started: true, isLearner: false }));

  function probe(index: number, change: Partial<HostProbe> = {}): HostProbe {
    return {
      uptime: 4000,
      machineId: `machine-${index}`,
      addresses: index === 0 ? { [vip]: "eth0" } : {},
      bundles: [{ bundle: "etcd", generation: 1, state: "complete", units: { "etcd.service": "active" }, drift: [] }],
      etcd: {
        memberId: String(index + 1),
        leaderId: "1",
        version: "3.6.14",
        dbSize: 1024 * 1024,
        raftIndex: 9,
        isLearner: false,
        errors: [],
      },
      etcdError: undefined,
      members,
      certificates: [certificate],
      ...change,
    };
  }

  const node = (index: number, change: Partial<NodeStatus> = {}): NodeStatus => ({
    name: `cp${index + 1}`,
    ready: true,
    complaints: [],
    version: "1.36.3",
    roles: ["control-plane"],
    schedulable: true,
    leaving: false,
    heartbeat: 4,
    machineId: `machine-${index}`,
    address: `192.0.2.${11 + index}`,
    owner: undefined,
    ...change,
  });
  const withNodes = (...nodes: NodeStatus[]): Observation => ({ ...observation(), nodes: { nodes } });

  function observation(first: Partial<HostProbe> = {}, second: Partial<HostProbe> = {}): Observation {
    return {
      at,
      readings: new Map([
        ["cp1", { probe: probe(0, first) }],
        ["cp2", { probe: probe(1, second) }],
      ]),
      apiservers: new Map(hosts.map(({ name }) => [name, { ready: true, message: "ok" }])),
      leaders: [{ lease: "kube-scheduler", holder: "cp1", age: 1, message: undefined }],
      nodes: { nodes: [node(0), node(1)] },
    };
  }

  const messages = (seen: Observation): string[] =>
    judge(hosts, [vip], seen, "demo").map(({ host, message }) =>
      host === undefined ? message : `${host}: ${message}`,
    );

  it("is healthy when all is well", () => {
    assert.deepEqual(messages(observation()), []);
    const lines = statusLines(hosts, [vip], observation(), [], bare, "demo");
    assert.equal(lines.at(-1), "Everything is healthy.");
    assert.ok(lines.includes("  cp1   192.0.2.11  ok   1 h 6 min  etcd     2027-01-01 (214 days)"), lines.join("\n"));
    assert.ok(lines.includes("  cp1     1   leader    3.6.14   1.0 MiB  9           -"), lines.join("\n"));
  });

  it("alarms about two holders of the VIP, and about none", () => {
    const both = observation({}, { addresses: { [vip]: "eth0" } });
    assert.deepEqual(vipHolders(vip, both), ["cp1", "cp2"]);
    assert.deepEqual(messages(both), [`ALARM: several hosts have the VIP ${vip}: cp1, cp2`]);
    assert.deepEqual(messages(observation({ addresses: {} })), [`no host has the VIP ${vip}`]);
    assert.deepEqual(judge(hosts, [], observation({ addresses: {} }), "demo"), []);
  });

  it("works with hosts down", () => {
    const seen = observation();
    seen.readings.set("cp2", { error: "cp2 cannot be reached" });
    seen.apiservers.set("cp2", { ready: false, message: "no answer within 4 s" });
    assert.deepEqual(messages(seen), [
      "cp2: cp2 cannot be reached",
      "cp2: the API server is not ready: no answer within 4 s",
    ]);
    const lines = statusLines(hosts, [vip], seen, judge(hosts, [vip], seen, "demo"), bare, "demo").join("\n");
    assert.match(lines, /cp2 {3}192\.0\.2\.12 {2}no answer/);
    assert.match(lines, /cp2 {5}2 {3}no answer/);
    assert.match(lines, /2 problems:\n {2}- cp2: cp2 cannot be reached/);
  });

  it("names units, drift and half-done bundles", () => {
    const bundles: HostProbe["bundles"] = [
      {
        bundle: "etcd",
        generation: 1,
        state: "failed",
        reason: "no quorum",
        units: { "etcd.service": "failed" },
        drift: ["/etc/x"],
      },
    ];
    assert.deepEqual(messages(observation({ bundles })), [
      "cp1: etcd is failed: no quorum",
      "cp1: etcd.service is failed",
      "cp1: /etc/x is not as etcd has left it",
    ]);
    assert.deepEqual(messages(observation({ bundles: undefined })), ["cp1: belongs to no cluster: run up"]);
  });

  it("looks at etcd from every member", () => {
    const etcd = probe(1).etcd;
    assert.ok(etcd !== undefined);
    assert.deepEqual(messages(observation({}, { etcd: { ...etcd, leaderId: "2", errors: ["NOSPACE"] } })), [
      "cp2: etcd: NOSPACE",
      "the etcd members do not agree on a leader",
    ]);
    assert.deepEqual(messages(observation({}, { etcd: { ...etcd, leaderId: "0" } })), [
      "cp2: the etcd member knows no leader",
    ]);
    assert.deepEqual(messages(observation({}, { etcd: undefined, etcdError: "refused" })), [
      "cp2: the etcd member does not answer: refused",
    ]);
    const odd = [...members.slice(0, 1), { id: "f", name: "old", started: true, isLearner: false }];
    assert.deepEqual(messages(observation({ members: odd })), [
      "etcd member old is not in the inventory",
      "cp2: is not a member of the etcd cluster",
    ]);
  });

  it("looks at the Nodes", () => {
    assert.deepEqual(
      messages(withNodes(node(0), node(1, { ready: undefined, complaints: ["NodeStatusUnknown: x"] }))),
      ["cp2: the Node is not ready: NodeStatusUnknown: x"],
    );
    assert.deepEqual(messages(withNodes(node(0, { complaints: ["disk full"] }), node(1, { heartbeat: 100 }))), [
      "cp1: the Node complains: disk full",
      "cp2: the Node has not been heard of for 100 s",
    ]);
    assert.deepEqual(messages(withNodes(node(0))), ["cp2: is not a Node of the cluster: run up"]);
    assert.deepEqual(messages({ ...observation(), nodes: { error: "HTTP 500" } }), [
      "the Nodes cannot be listed: HTTP 500",
    ]);
  });

  it("takes a cordoned or leaving Node for somebody's wish", () => {
    const seen = withNodes(node(0, { schedulable: false }), node(1, { schedulable: false, leaving: true }));
    assert.deepEqual(messages(seen), []);
    const lines = statusLines(hosts, [vip], seen, [], bare, "demo");
    assert.ok(lines.includes("  cp1   yes    1.36.3   control-plane  no, cordoned  4 s ago    ok"), lines.join("\n"));
    assert.ok(lines.includes("  cp2   yes    1.36.3   control-plane  no, leaving   4 s ago    ok"), lines.join("\n"));
  });

  it("tells Nodes that are not in the inventory, and those on another machine", () => {
    const old = node(0, { name: "old", address: "192.0.2.77" });
    const seen = withNodes(node(0), node(1, { machineId: "other" }), old);
    assert.deepEqual(messages(seen), [
      "cp2: the Node runs on another machine (machine id other): stop the kubelet there, then delete the Node",
      "Node old (192.0.2.77) is not in the inventory: add its host, or delete the Node",
    ]);
    const lines = statusLines(hosts, [vip], seen, [], bare, "demo").join("\n");
    assert.match(lines, /^ {2}cp2 .* another$/m);
    assert.match(lines, /^ {2}old .* not in the inventory$/m);
    // A host that does not answer says nothing about its machine.
    seen.readings.set("cp2", { error: "down" });
    assert.ok(!messages(seen).some((message) => message.includes("another machine")));
  });

  it("looks at the Nodes of worker pools, and from a pool at its own alone", () => {
    const pooled = node(2, { name: "p1", owner: "pool", roles: ["worker"] });
    const own = node(0, { owner: "demo" });
    const left = node(3, { name: "gone", owner: "demo", address: "" });
    assert.deepEqual(messages(withNodes(own, node(1), pooled)), []);
    assert.deepEqual(messages(withNodes(own, node(1), { ...pooled, ready: undefined, complaints: ["silent"] }, left)), [
      "p1: the Node is not ready: silent",
      "Node gone is not in the inventory: add its host, or delete the Node",
    ]);
    const lines = statusLines(hosts, [vip], withNodes(own, node(1), pooled), [], bare, "demo");
    assert.ok(lines.some((line) => /^ {2}p1 .* of stack pool$/.test(line)));

    const workers = hostsOf([{ name: "p1", address: "192.0.2.31", roles: ["worker"] }]);
    const all = withNodes(own, node(1, { ready: false }), pooled);
    const seen = nodesOfInterest(workers, "pool", { ...all, readings: new Map(), apiservers: new Map() });
    assert.deepEqual(judge(workers, [], seen, "pool"), []);
    const text = statusLines(workers, [], seen, [], bare, "pool").join("\n");
    assert.match(text, /^ {2}p1 /m);
    assert.doesNotMatch(text, /^ {2}cp1 |etcd|API SERVER/m);
    assert.equal(nodesOfInterest(hosts, "demo", all), all);
  });

  it("minds a second VIP likewise", () => {
    assert.deepEqual(
      judge(hosts, [vip, "192.0.2.9"], observation(), "demo").map(({ message }) => message),
      ["no host has the VIP 192.0.2.9"],
    );
  });

  it("minds certificates that were not renewed, and leaders that went away", () => {
    const soon = { ...certificate, notAfter: "2026-06-03T00:00:00.000Z" };
    const over = { ...certificate, notAfter: "2026-05-03T00:00:00.000Z" };
    assert.deepEqual(firstToExpire([certificate, soon, over]), over);
    assert.equal(messages(observation({ certificates: [soon, over, certificate] })).length, 2);
    const seen = observation();
    seen.leaders = [
      { lease: "kube-scheduler", holder: "cp1", age: 60, message: undefined },
      { lease: "kube-controller-manager", holder: undefined, age: undefined, message: "HTTP 500" },
    ];
    assert.deepEqual(messages(seen), [
      "cp1: kube-scheduler has not renewed its lease for 60 s",
      "kube-controller-manager has no leader: HTTP 500",
    ]);
  });
});

describe("the Nodes as the API has them", () => {
  const at = Date.parse("2026-06-01T00:00:00Z");

  it("are read with their heartbeats", () => {
    const nodes = [
      {
        metadata: {
          name: "w1",
          labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": "", zone: "a" },
          annotations: { "plinth/owner": "demo" },
        },
        spec: { unschedulable: true, taints: [{ key: "ToBeDeletedByClusterAutoscaler" }] },
        status: {
          conditions: [
            { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure", message: "disk" },
            { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory" },
            { type: "Ready", status: "True", reason: "KubeletReady" },
          ],
          nodeInfo: { kubeletVersion: "v1.36.3", machineID: "m1" },
          addresses: [
            { type: "Hostname", address: "w1" },
            { type: "InternalIP", address: "192.0.2.21" },
          ],
        },
      },
      { metadata: { name: "w2" }, status: { conditions: [{ type: "Ready", status: "Unknown", message: "gone" }] } },
      { metadata: { name: "w3" } },
    ];
    const leases = [{ metadata: { name: "w1" }, spec: { renewTime: "2026-05-31T23:59:50.000000Z" } }];
    const read = parseNodes(JSON.stringify({ items: nodes }), JSON.stringify({ items: leases }), at);
    assert.deepEqual(read[0], {
      name: "w1",
      ready: true,
      complaints: ["KubeletHasDiskPressure: disk"],
      version: "1.36.3",
      roles: ["edge", "worker"],
      schedulable: false,
      leaving: true,
      heartbeat: 10,
      machineId: "m1",
      address: "192.0.2.21",
      owner: "demo",
    });
    assert.deepEqual(
      read.slice(1).map(({ ready, complaints, heartbeat }) => [ready, complaints, heartbeat]),
      [
        [undefined, ["Ready: gone"], undefined],
        [false, ["its kubelet has not reported yet"], undefined],
      ],
    );
  });
});

describe("credentials for the API", () => {
  it("come from the stack's kubeconfig", () => {
    const text = renderKubeconfig({
      cluster: "lab",
      user: "admin",
      server: "https://192.0.2.10:6443",
      authority: { pem: "CA" },
      certificate: { pem: "CERT" },
      key: { pem: "KEY" },
    });
    const expected = { server: "https://192.0.2.10:6443", authority: "CA", certificate: "CERT", key: "KEY" };
    assert.deepEqual(parseKubeconfig(text), expected);
    assert.equal(parseKubeconfig("apiVersion: v1\n"), undefined);
  });
});
