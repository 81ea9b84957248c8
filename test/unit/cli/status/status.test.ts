import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statusDocument as documentOf } from "../../../../cli/status/document.ts";
import {
  backupProblems,
  firstToExpire,
  judge,
  lastDrill,
  nodesOfInterest,
  vipHolders,
  warnings,
} from "../../../../cli/status/judge.ts";
import { parseProbe } from "../../../../cli/status/probe.ts";
import { statusLines } from "../../../../cli/status/render.ts";
import type { HostProbe, NodeStatus, Observation, ProbeReading } from "../../../../cli/status/types.ts";
import { statusScript } from "../../../../components/host/script.ts";
import { addonReplicas, parseDeploymentList, type ListedDeployment } from "../../../../plan/addons/deployments.ts";
import type { DrillRecord } from "../../../../plan/backup/drill.ts";
import type { NodeContent } from "../../../../plan/nodes.ts";
import { declareNode } from "../../../../plan/roster.ts";
import type { HostReport } from "../../../../plan/hostreport.ts";
import type { Host } from "../../../../plan/inventory.ts";
import type { EtcdFacts, MemberStatus } from "../../../../plan/members.ts";
import { backupOf, dataSet } from "../../../support/backup.ts";
import { hostsOf, memberStatus } from "../../../support/cluster.ts";
import { bare } from "../support.ts";

type Problems = Parameters<typeof documentOf>[1];

/** The document of a stack without hosts and VIPs, whatever was seen. */
function statusDocument(seen: Observation, problems: Problems, told: Problems = []): Record<string, unknown> {
  return documentOf(seen, problems, told, { stack: "demo", hosts: [], vips: [] });
}

const etcdStatus =
  '[{"Endpoint":"https://127.0.0.1:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,' +
  '"revision":12,"raft_term":3},"version":"3.6.14","dbSize":20971520,"leader":10276657743932975437,"raftIndex":4711,"raftTerm":3}}]';

describe("what a host's probe prints", () => {
  it("is read line by line", () => {
    const probe = parseProbe(
      [
        "plinth-facts 1",
        "uptime 123.45",
        "machine-id 0123456789abcdef0123456789abcdef",
        "address 127.0.0.1 lo",
        "address 192.0.2.11 eth0",
        "address fe80::1 eth0",
        "certificate /etc/kubernetes/pki/broken.crt bm9uc2Vuc2U=",
        'report {"claim":{"cluster":"c","clusterId":"1","host":"cp1"},"bundles":[{"bundle":"etcd","generation":2,"state":"failed","reason":"x","units":{"etcd.service":"failed"},"drift":["/etc/a",{"kind":"file","name":"/etc/b","detail":"is missing"},{"kind":"unit-stopped","name":"etcd.service","detail":"is failed"}]}]}',
        `etcd-status ${etcdStatus}`,
        "etcd-member 8e9e05c52164694d cp1 https://192.0.2.11:2380 started voter",
        "end",
        "",
      ].join("\n"),
    );
    assert.equal(probe.uptime, 123.45);
    assert.equal(probe.machineId, "0123456789abcdef0123456789abcdef");
    assert.deepEqual(probe.addresses, { "127.0.0.1": "lo", "192.0.2.11": "eth0" });
    assert.deepEqual(
      probe.report?.bundles.map(({ bundle, generation, state, reason, units, drift }) => [
        ...[bundle, generation, state, reason, units, drift.map(({ name }) => name)],
      ]),
      [["etcd", 2, "failed", "x", { "etcd.service": "failed" }, ["/etc/a", "/etc/b", "etcd.service"]]],
    );
    assert.equal(probe.etcd?.self?.raftIndex, 4711);
    assert.equal(probe.etcd.members.length, 1);
    assert.deepEqual(probe.certificates, []);
  });

  it("keeps all 64 bits of etcd's ids", () => {
    const { etcd } = parseProbe(`plinth-facts 1\netcd-status ${etcdStatus}\nend\n`);
    const id = 10276657743932975437n.toString(16);
    assert.deepEqual([etcd?.self?.id, etcd?.self?.leader], [id, id]);
  });

  it("says why etcd did not answer", () => {
    const { etcd } = parseProbe("plinth-facts 1\netcd-status-failed deadline exceeded\nend\n");
    assert.deepEqual([etcd?.self, etcd?.selfError], [undefined, "deadline exceeded"]);
  });

  it("is not believed when it is cut off", () => {
    assert.throws(() => parseProbe("plinth-facts 1\nuptime 1"), /not complete/);
    assert.throws(() => parseProbe(""), /not complete/);
  });

  it("comes from a script that runs on a machine without anything of ours", () => {
    const text = execFileSync("/bin/sh", ["-s"], { input: statusScript(), encoding: "utf8" });
    const probe = parseProbe(text);
    assert.ok(probe.uptime > 0);
    assert.ok(Object.values(probe.addresses).includes("lo"));
    assert.deepEqual([probe.etcd, probe.report, probe.reportError], [undefined, undefined, undefined]);
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
    isAuthority: false,
  };
  const members = hosts.map(({ name, address }, index) => ({
    ...{ id: String(index + 1), name, peerUrls: [`https://${address}:2380`], started: true, learner: false },
  }));
  const self = (index: number, more: Partial<MemberStatus> = {}): EtcdFacts => ({
    ...{ data: false, self: memberStatus(String(index + 1), "1", more), members },
  });
  const reported = (...bundles: HostReport["bundles"]): HostReport => ({
    ...{ claim: { cluster: "demo", clusterId: "1", host: "cp1" }, script: "ok", bundles },
  });

  function probe(index: number, change: Partial<HostProbe> = {}): HostProbe {
    return {
      uptime: 4000,
      machineId: `machine-${index}`,
      addresses: index === 0 ? { [vip]: "eth0" } : {},
      report: reported({
        ...{ bundle: "etcd", generation: 1, state: "complete", units: { "etcd.service": "active" }, drift: [] },
      }),
      reportError: undefined,
      etcd: self(index),
      certificates: [certificate],
      goneRules: [],
      backups: [],
      ...change,
    };
  }

  const contentOf = (host: Host | undefined): NodeContent =>
    host === undefined ? { labels: {}, annotations: {}, taints: [] } : declareNode(host, "demo");
  const addon = (name: string, change: Partial<ListedDeployment> = {}): ListedDeployment => ({
    ...{ name, wanted: addonReplicas(hosts).get(name) ?? 0, ready: addonReplicas(hosts).get(name) ?? 0 },
    complaint: undefined,
    ...change,
  });
  const node = (index: number, change: Partial<NodeStatus> = {}): NodeStatus => ({
    name: `cp${index + 1}`,
    ready: true,
    complaints: [],
    version: "1.36.3",
    roles: ["control-plane"],
    cordoned: false,
    content: contentOf(hosts[index]),
    unserved: false,
    ours: true,
    heartbeat: 4,
    machineId: `machine-${index}`,
    address: `192.0.2.${11 + index}`,
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
      addons: { addons: [addon("coredns"), addon("metrics-server")] },
      network: { record: undefined },
      kubeconfigs: [],
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
    assert.ok(lines.includes("  cp1     1   leader    3.6.14   9           -"), lines.join("\n"));
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
    const report = reported({
      bundle: "etcd",
      generation: 1,
      state: "failed",
      reason: "no quorum",
      units: { "etcd.service": "failed" },
      drift: [
        { kind: "file", name: "/etc/x", detail: "is missing" },
        { kind: "unit-stopped", name: "etcd.service", detail: "is failed" },
      ],
    });
    assert.deepEqual(messages(observation({ report })), [
      "cp1: etcd is failed: no quorum",
      "cp1: etcd.service is failed",
      "cp1: /etc/x is not as etcd has left it",
    ]);
    assert.deepEqual(messages(observation({ report: undefined })), ["cp1: belongs to no cluster: run up"]);
    assert.deepEqual(messages(observation({ report: { ...report, claim: undefined } })), [
      "cp1: belongs to no cluster: run up",
    ]);
    assert.deepEqual(messages(observation({ report: undefined, reportError: "no answer" })), [
      "cp1: its bundles could not be looked at: no answer",
    ]);
  });

  it("looks at etcd from every member", () => {
    assert.deepEqual(messages(observation({}, { etcd: self(1, { leader: "2", errors: ["no leader"] }) })), [
      "cp2: etcd: no leader",
      "the etcd members do not agree on a leader",
    ]);
    const { leader, ...leaderless } = memberStatus("2", "1");
    assert.equal(leader, "1");
    assert.deepEqual(messages(observation({}, { etcd: { data: false, self: leaderless, members } })), [
      "cp2: the etcd member knows no leader",
    ]);
    assert.deepEqual(messages(observation({}, { etcd: { data: false, selfError: "refused", members: [] } })), [
      "cp2: the etcd member does not answer: refused",
    ]);
    assert.deepEqual(messages(observation({}, { etcd: undefined })), [
      "cp2: the etcd member does not answer: it is not installed",
    ]);
    const odd = [...members.slice(0, 1), { ...members[1], id: "f", name: "old" }] as typeof members;
    assert.deepEqual(messages(observation({ etcd: { ...self(0), members: odd } })), [
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
    const seen = withNodes(node(0, { cordoned: true }), node(1, { cordoned: true, unserved: true }));
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
    const ofPool = { ...pooled, content: declareNode(workers[0] ?? assert.fail(), "pool") };
    const nodes = { nodes: [own, node(1, { ready: false }), ofPool] };
    const blank = { readings: new Map(), apiservers: new Map(), addons: undefined };
    const seen = nodesOfInterest(workers, "pool", { ...all, ...blank, nodes });
    assert.deepEqual(judge(workers, [], seen, "pool"), []);
    const text = statusLines(workers, [], seen, [], bare, "pool").join("\n");
    assert.match(text, /^ {2}p1 /m);
    assert.doesNotMatch(text, /^ {2}cp1 |etcd|API SERVER/m);
    assert.equal(nodesOfInterest(hosts, "demo", all), all);
  });

  it("judges what Nodes carry against the inventory", () => {
    const { labels, annotations } = contentOf(hosts[1]);
    const taints = [{ key: "plinth/uninitialized", value: "", effect: "NoSchedule" }];
    const [first, ...more] = messages(withNodes(node(0), node(1, { content: { labels: {}, annotations, taints } })));
    assert.match(
      first ?? "",
      /^cp2: the Node is not as declared \(the label .* is gone;.*plinth\/uninitialized.*\): run up --heal$/,
    );
    assert.deepEqual(more, []);
    const taintless = { labels: { ...labels, theirs: "1" }, annotations, taints: contentOf(hosts[1]).taints };
    assert.deepEqual(messages(withNodes(node(0), node(1, { content: taintless }))), []);
  });

  it("judges add-ons by what is declared, and by replicas that are ready", () => {
    const withAddons = (...addons: ListedDeployment[]) => ({ ...observation(), addons: { addons } });
    assert.deepEqual(messages(withAddons(addon("metrics-server"))), [
      "the add-on coredns is not in the cluster: run up --heal",
    ]);
    const scaled = addon("coredns", { wanted: 0, ready: 0 });
    const down = addon("metrics-server", { ready: 0, complaint: "Deployment does not have minimum availability." });
    const seen = withAddons(scaled, down);
    assert.deepEqual(messages(seen), [
      "the add-on coredns is scaled to 0, declared is 2: run up --heal",
      "0 of 2 replicas of the add-on metrics-server are ready: Deployment does not have minimum availability.",
    ]);
    const lines = statusLines(hosts, [vip], seen, [], bare, "demo");
    assert.ok(
      lines.some((line) => /^ {2}coredns +0 of 0 +-$/.test(line)),
      lines.join("\n"),
    );
    assert.deepEqual(messages({ ...observation(), addons: { error: "HTTP 503" } }), [
      "the add-ons cannot be looked at: HTTP 503",
    ]);
  });

  it("reads Deployments as the API lists them, and shows what they say escaped", () => {
    const condition = { type: "Available", status: "False", message: "a\u001b[31m" };
    const items = [
      { metadata: { name: "coredns" }, spec: { replicas: 2 }, status: { readyReplicas: 1, conditions: [condition] } },
      { metadata: { name: "new" }, spec: {} },
    ];
    assert.deepEqual(parseDeploymentList(JSON.stringify({ items })), [
      { name: "coredns", wanted: 2, ready: 1, complaint: "a\\x1b[31m" },
      { name: "new", wanted: 1, ready: 0, complaint: undefined },
    ]);
    assert.throws(() => parseDeploymentList("{}"));
  });

  it("tells that a failover drill has the services of a host away", () => {
    assert.deepEqual(messages(observation({ failoverUntil: at / 1000 + 60 })), [
      "cp1: a failover drill has its services away until 2026-06-01T00:01:00Z; they start again by themselves",
    ]);
  });

  it("tells rules that somebody has flushed", () => {
    const goneRules = [{ unit: "kube-proxy.service", table: "ip kube-proxy" }];
    assert.deepEqual(messages(observation({ goneRules })), [
      "cp1: the rules of kube-proxy.service are gone from the packet filter (table ip kube-proxy): somebody has flushed them",
    ]);
  });

  it("tells of etcd's alarms once, whoever tells them, and of damaged data, with the next step", () => {
    const errors = ["memberID:2 alarm:NOSPACE "];
    const alarms = [{ member: "2", alarm: "NOSPACE" as const }];
    const both = [self(0, { errors, alarms }), self(1, { errors, alarms })];
    assert.deepEqual(messages(observation({ etcd: both[0] }, { etcd: both[1] })), [
      "cp2: etcd has the alarm NOSPACE: its database is as large as its quota, and etcd takes no writes: run ./plinth etcd repair --stack demo",
    ]);
    const damaged = { data: true, members: [], selfError: "refused", damage: "crc mismatch" };
    assert.deepEqual(messages(observation({}, { etcd: damaged })), [
      "cp2: the etcd member does not answer: its data is damaged or gone: run ./plinth etcd repair --stack demo (crc mismatch)",
    ]);
  });

  it("tells databases, and what to see to in time, which makes nothing red", () => {
    const size = { dbSize: 400 * 1024 ** 2, inUse: 100 * 1024 ** 2, quota: 8 * 1024 ** 3 };
    const seen = observation({}, { etcd: self(1, size) });
    assert.deepEqual(messages(seen), []);
    const told = warnings(hosts, seen, "demo");
    assert.deepEqual(told, [
      {
        host: "cp2",
        message: "etcd's database is 75 % free space (400.0 MiB): run ./plinth etcd defrag --stack demo",
      },
    ]);
    const lines = statusLines(hosts, [vip], seen, [], bare, "demo", told);
    assert.ok(
      lines.some((line) => /^ {2}cp2 +400\.0 MiB +100\.0 MiB +75 % +5 % +- +- +-$/.test(line)),
      lines.join("\n"),
    );
    assert.match(lines.join("\n"), /^1 thing to see to in time:\n {2}- cp2: etcd's database is 75 % free/m);
    assert.equal(lines.at(-1), "Everything is healthy.");
    const document = statusDocument(seen, [], told);
    assert.deepEqual([document["healthy"], document["warnings"]], [true, told]);
  });

  it("tells load tests that run, and what killed ones have left, with the command that removes it", () => {
    const test = { namespace: "plinth-loadtest-0a", owner: "ada on laptop", going: false };
    const of = (more: object): string[] =>
      warnings(hosts, { ...observation({}, {}), loadTests: [{ ...test, ...more }] }, "demo").map(
        ({ message }) => message,
      );
    assert.match(of({})[0] ?? "", /^a load test of ada on laptop is under way/);
    assert.deepEqual(of({ left: "its process has died" }), [
      "a load test of ada on laptop has left plinth-loadtest-0a (its process has died): run ./plinth loadtest --clean --stack demo",
    ]);
    assert.match(of({ left: "its time is over", going: true })[0] ?? "", /is being deleted$/);
  });

  it("is a document for monitoring, whose fields stay", () => {
    const seen = withNodes(node(0, { owner: "demo" }), node(1, { ready: undefined, unserved: true }));
    const document: unknown = JSON.parse(JSON.stringify(statusDocument(seen, [{ host: undefined, message: "x" }])));
    const { notBefore, notAfter } = certificate;
    const probes = (document as { hosts: Record<string, unknown> }).hosts;
    assert.deepEqual(probes["cp1"], {
      probe: {
        uptime: 4000,
        machineId: "machine-0",
        addresses: { [vip]: "eth0" },
        bundles: [{ bundle: "etcd", generation: 1, state: "complete", units: { "etcd.service": "active" }, drift: [] }],
        etcd: {
          ...{ memberId: "1", leaderId: "1", version: "3.6.14", dbSize: 1024 * 1024, raftIndex: 9, isLearner: false },
          errors: [],
          alarms: [],
        },
        members: [
          { id: "1", name: "cp1", started: true, isLearner: false },
          { id: "2", name: "cp2", started: true, isLearner: false },
        ],
        certificates: [{ path: "/etc/kubernetes/pki/a.crt", subject: "CN=a", notBefore, notAfter, isAuthority: false }],
        goneRules: [],
        backups: [],
      },
    });
    assert.deepEqual(document, {
      ...{ stack: "demo", inventory: {}, vips: [] },
      hosts: probes,
      healthy: false,
      problems: [{ message: "x" }],
      warnings: [],
      apiservers: { cp1: { ready: true, message: "ok" }, cp2: { ready: true, message: "ok" } },
      nodes: {
        cp1: {
          ...{ name: "cp1", ready: true, complaints: [], version: "1.36.3", roles: ["control-plane"] },
          ...{ schedulable: true, leaving: false, heartbeat: 4, machineId: "machine-0", address: "192.0.2.11" },
          owner: "demo",
        },
        cp2: {
          ...{ name: "cp2", complaints: [], version: "1.36.3", roles: ["control-plane"] },
          ...{ schedulable: true, leaving: true, heartbeat: 4, machineId: "machine-1", address: "192.0.2.12" },
        },
      },
      addons: { coredns: { wanted: 2, ready: 2 }, "metrics-server": { wanted: 2, ready: 2 } },
      network: null,
      kubeconfigs: [],
      at,
      leaders: [{ lease: "kube-scheduler", holder: "cp1", age: 1 }],
    });
    const blind = statusDocument({ ...seen, nodes: { error: "HTTP 500" } }, []);
    assert.deepEqual([blind["nodesError"], "nodes" in blind], ["HTTP 500", false]);
  });

  it("has of inventory and configuration what a reader needs to place what it tells", () => {
    const placed = hosts.map((host) => ({ ...host, region: "hz", rack: "r1", settings: {} }));
    const document = documentOf(observation(), [], [], { stack: "demo", hosts: placed, vips: [vip, "192.0.2.9"] });
    const { inventory, vips } = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
    assert.deepEqual(inventory, {
      cp1: { address: "192.0.2.11", roles: ["etcd", "control-plane"], region: "hz", rack: "r1" },
      cp2: { address: "192.0.2.12", roles: ["etcd", "control-plane"], region: "hz", rack: "r1" },
    });
    assert.deepEqual(vips, [
      { address: vip, holders: ["cp1"] },
      { address: "192.0.2.9", holders: [] },
    ]);
  });

  it("tells the last test of the network, which is red when it failed or is too old", () => {
    const finding = { from: "w1", message: "a pod on w1 does not reach a pod on w2" };
    const record = { format: 1 as const, at: "2026-05-31T21:00:00.000Z", paths: 40, untested: [] };
    const works = { ...observation(), network: { record: { ...record, failed: 0, findings: [] }, age: 3 * 3600 } };
    assert.deepEqual(messages(works), []);
    assert.ok(statusLines(hosts, [vip], works, [], bare, "demo").includes("  tested 3 h ago, all 40 paths work"));
    const judged = judge(hosts, [vip], works, "demo", { maxAgeHours: 2 }).map(({ message }) => message);
    assert.deepEqual(judged, ["the network was last tested 3 h ago: ./plinth check network --stack demo"]);
    const failed = { ...works, network: { record: { ...record, failed: 1, findings: [finding] }, age: 60 } };
    assert.match(messages(failed)[0] ?? "", /^the network did not work 1 min ago: a pod on w1 does not reach/);
    assert.deepEqual(statusDocument(failed, [])["network"], {
      ...{ at: record.at, paths: 40, failed: 1, findings: [finding], untested: [], works: false, ageSeconds: 60 },
    });
    const dark = { ...observation(), network: { error: "HTTP 500" } };
    assert.match(messages(dark)[0] ?? "", /is not known: HTTP 500/);
    assert.equal(messages({ ...dark, nodes: { error: "HTTP 500" } }).length, 1, "said once");
  });

  it("tells the restore drill that most members tell alike, which is red when it failed or is too old", () => {
    const drill: DrillRecord = { at: at / 1000 - 3 * 86_400, seconds: 41, result: "ok", set: dataSet().id, reason: "" };
    const three = [...hosts, ...hosts.slice(0, 1).map((host) => ({ ...host, name: "cp3" }))];
    const settings = backupOf({ drill: { maxAgeDays: 7 } });
    const seen = (told: (DrillRecord | undefined)[]): Observation => {
      const readings = new Map(
        told.map((one, index): [string, ProbeReading] => [
          `cp${index + 1}`,
          { probe: probe(index, one === undefined ? {} : { drill: one }) },
        ]),
      );
      const unknown = { ...observation(), readings };
      return { ...unknown, backups: [], drill: lastDrill(three, unknown) };
    };
    const problems = (told: (DrillRecord | undefined)[]): string =>
      backupProblems(settings, three, seen(told), "demo")
        .map(({ message }) => message)
        .filter((message) => message.includes("drill"))
        .join("\n");
    assert.equal(problems([drill, drill, undefined]), "");
    assert.match(
      problems([drill, undefined, undefined]),
      /^members know of no restore drill: run \.\/plinth drill restore --stack demo$/,
    );
    const old = { ...drill, at: drill.at - 30 * 86_400 };
    assert.match(problems([old, old, drill]), /^the last restore drill was 33 days ago/);
    const failed = { ...drill, result: "failed" as const, reason: "it is damaged" };
    assert.match(problems([failed, failed, failed]), /^the last restore drill failed 3 d ago \(it is damaged\)/);

    const document = statusDocument(seen([failed, failed, drill]), []);
    assert.deepEqual(document["drill"], {
      ...{ at: new Date(failed.at * 1000).toISOString(), ageSeconds: 3 * 86_400, durationSeconds: 41 },
      ...{ result: "failed", set: drill.set, reason: "it is damaged" },
    });
    assert.equal(statusDocument(seen([]), [])["drill"], null);
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
    assert.deepEqual(messages(observation({ certificates: [soon, over, certificate] })), [
      "cp1: of its certificates, 1 has expired and 1 expires soon (the first 2026-05-03T00:00:00.000Z): run up, which renews them",
    ]);
    assert.deepEqual(
      messages({ ...observation(), kubeconfigs: [{ owner: "the tenant blue", certificate: soon }] }).length,
      1,
    );
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

describe("the status of a stack of machines", () => {
  const [machine] = hostsOf([{ name: "m1", address: "192.0.2.31" }]);
  const bundle = { generation: 1, state: "complete" as const, units: {}, drift: [] };
  const probe: HostProbe = {
    ...{ uptime: 60, machineId: "m", addresses: { "192.0.2.31": "eth0" }, reportError: undefined, etcd: undefined },
    ...{ certificates: [], goneRules: [], backups: [] },
    report: {
      claim: { cluster: "machines", clusterId: "1", host: "m1" },
      script: "ok",
      bundles: [
        { ...bundle, bundle: "baseline" },
        { ...bundle, bundle: "role-time" },
      ],
    },
  };
  const observation: Observation = {
    ...{ at: 0, readings: new Map([["m1", { probe }]]), apiservers: new Map(), leaders: [], nodes: { nodes: [] } },
    ...{ addons: undefined, kubeconfigs: [], network: undefined },
  };

  it("is that of its hosts, and healthy without a cluster", () => {
    assert.ok(machine);
    const problems = judge([machine], [], observation, "edge");
    assert.deepEqual(problems, []);
    assert.deepEqual(statusLines([machine], [], observation, problems, bare, "edge"), [
      "Hosts",
      "  HOST  ADDRESS     SSH  UPTIME  BUNDLES              FIRST CERTIFICATE ENDS",
      "  m1    192.0.2.31  ok   1 min   baseline, role-time  -",
      "",
      "Everything is healthy.",
    ]);
    const document = statusDocument(observation, problems);
    assert.equal(document["healthy"], true);
    assert.ok(!("network" in document) && !("networkError" in document));
  });
});
