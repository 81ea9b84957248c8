import assert from "node:assert/strict";
import fc from "fast-check";
import { bundlesOf } from "../../../plan/bringup.ts";
import { judgeDrift, type DriftInput } from "../../../plan/drift.ts";
import { parseDriftLook, type DriftLook, type DriftReading } from "../../../plan/driftlook.ts";
import type { HostReport } from "../../../plan/hostreport.ts";
import type { EtcdMember } from "../../../plan/members.ts";
import { configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const clusterId = "0123456789abcdef";
const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const members = threeHosts.map(({ name, address }, index) => ({
  id: String(index + 1),
  started: true,
  name,
  peerUrls: [`https://${address}:2380`],
  learner: false,
}));
const memberOf = (index: number): EtcdMember => {
  const member = members[index];
  assert.ok(member);
  return member;
};
const nothing = { clusterId, kubernetesVersion: undefined, nodes: [] };
const content = { labels: {}, annotations: {}, taints: [] };
const node = (name: string, change = {}) => ({ name, ours: true, cordoned: false, version: "", content, ...change });

function lookOf(name: string, change: Partial<HostReport> = {}, more: Partial<DriftLook> = {}): DriftReading {
  const host = hosts.find((candidate) => candidate.name === name);
  assert.ok(host);
  return {
    look: {
      report: {
        claim: { cluster: "demo", clusterId, host: name },
        script: "ok",
        bundles: bundlesOf(host, configOf()).map(({ name: bundle }) => ({
          ...{ bundle, generation: 1, state: "complete", units: { [`${bundle}.service`]: "active" }, drift: [] },
        })),
        ...change,
      },
      dropIns: [],
      goneRules: [],
      etcd: host.roles.includes("etcd") ? { data: false, members } : undefined,
      ...more,
    },
  };
}

/** The look at a host whose member lists these. */
const listing = (name: string, listed: EtcdMember[]): DriftReading =>
  lookOf(name, {}, { etcd: { data: false, members: listed } });

function judge(readings: Record<string, DriftReading> = {}, change: Partial<DriftInput> = {}) {
  return judgeDrift({
    hosts,
    bundlesOf: (host) => bundlesOf(host, configOf()).map(({ name }) => name),
    stack: "demo",
    last: { ...nothing, hosts: new Set(hosts.map(({ name }) => name)) },
    readings: new Map(hosts.map(({ name }) => [name, readings[name] ?? lookOf(name)])),
    nodes: { nodes: hosts.map(({ name }) => node(name)) },
    objects: { objects: [] },
    ...change,
  });
}

const lines = ({ differences }: ReturnType<typeof judge>) =>
  differences.map(({ host, bundle, kind, name }) => [host ?? "cluster", bundle ?? "-", kind, name].join(" "));

const sample = [
  "Welcome!",
  "plinth-facts 1",
  "drop-in /etc/systemd/system/etcd.service.d/override.conf",
  "rules-gone kube-proxy.service ip kube-proxy",
  "etcd-member 8e9e05c52164694d cp1 https://192.0.2.11:2380 started voter",
  "etcd-member 3d42b1f0a61b4777 - https://192.0.2.99:2380,https://192.0.2.98:2380 unstarted learner",
  'report {"claim":{"cluster":"demo","clusterId":"0123456789abcdef","host":"cp1","stack":"lab"},"script":"changed","bundles":[{"bundle":"etcd","generation":2,"state":"failed","reason":"x","units":{"etcd.service":"active"},"drift":[{"kind":"file","name":"/etc/a","detail":"its content is another"}]}]}',
  "end",
  "",
].join("\n");

describe("plan/driftlook", () => {
  it("reads what a host says", () => {
    assert.deepEqual(parseDriftLook(sample), {
      report: {
        claim: { cluster: "demo", clusterId, host: "cp1" },
        script: "changed",
        bundles: [
          {
            bundle: "etcd",
            generation: 2,
            state: "failed",
            reason: "x",
            units: { "etcd.service": "active" },
            drift: [{ kind: "file", name: "/etc/a", detail: "its content is another" }],
          },
        ],
      },
      dropIns: ["/etc/systemd/system/etcd.service.d/override.conf"],
      goneRules: [{ unit: "kube-proxy.service", table: "ip kube-proxy" }],
      etcd: {
        data: false,
        members: [
          { id: "8e9e05c52164694d", name: "cp1", peerUrls: ["https://192.0.2.11:2380"], started: true, learner: false },
          {
            ...{ id: "3d42b1f0a61b4777", peerUrls: ["https://192.0.2.99:2380", "https://192.0.2.98:2380"] },
            ...{ started: false, learner: true },
          },
        ],
      },
    });
  });

  it("does not take half an answer for a whole one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: sample.lastIndexOf("\nend") }), (length) => {
        assert.throws(() => parseDriftLook(sample.slice(0, length)), /not complete/);
      }),
    );
  });

  it("says why a host could not be compared, and why etcd did not answer", () => {
    const text = (line: string) => `plinth-facts 1\netcd-members-failed Error: deadline\n${line}\nend\n`;
    const failed = text("report-failed sh: no space left");
    assert.throws(() => parseDriftLook(failed), /could not be compared: sh: no space left/);
    assert.throws(() => parseDriftLook(text("")), /could not be compared: no answer/);
    assert.throws(() => parseDriftLook(text("report {}")), /could not be compared: its answer makes no sense/);
    const { report, etcd } = parseDriftLook(text('report {"claim":null,"bundles":[]}'));
    assert.deepEqual([report.claim, etcd?.members, etcd?.membersError], [undefined, [], "Error: deadline"]);
  });
});

describe("plan/drift", () => {
  it("is empty when nothing differs", () => {
    assert.deepEqual(judge(), { differences: [], remarks: [], unseen: [], heal: [], objects: [] });
  });

  it("names host, bundle, kind and thing, and asks for those bundles, in order", () => {
    const bundles = (name: string, bundle: string, kind: string) => {
      const reading = lookOf(name);
      assert.ok("look" in reading);
      return reading.look.report.bundles.map((report) =>
        report.bundle === bundle ? { ...report, drift: [{ kind, name: `the ${kind}`, detail: "differs" }] } : report,
      );
    };
    const found = judge({
      w1: lookOf("w1", { bundles: bundles("w1", "node", "binary") }),
      cp2: lookOf("cp2", { bundles: bundles("cp2", "etcd", "file"), script: "changed" }),
    });
    assert.deepEqual(lines(found), [
      "cp2 - script /usr/local/lib/plinth/plinth-host",
      "cp2 etcd file the file",
      "w1 node binary the binary",
    ]);
    assert.deepEqual(found.heal, ["cp2/claim", "cp2/etcd", "w1/node"]);
  });

  it("tells bundles that are half done or not there", () => {
    const found = judge({
      w1: lookOf("w1", {
        bundles: [{ bundle: "node", generation: 1, state: "failed", reason: "why", units: {}, drift: [] }],
      }),
    });
    const worker = hosts.find(({ name }) => name === "w1");
    assert.ok(worker);
    const wanted = bundlesOf(worker, configOf()).map(({ name }) => name);
    const missing = wanted.filter((name) => name !== "node");
    assert.ok(missing.includes("baseline") && missing.includes("runtime"));
    assert.deepEqual(
      found.differences.map(({ name, detail }) => `${name} ${detail}`),
      [...missing.map((name) => `${name} is not on the host`), "node is failed: why"],
    );
    assert.deepEqual(
      found.heal,
      wanted.map((name) => `w1/${name}`),
    );
  });

  it("tells a claim that is gone, and cannot repair that of another cluster", () => {
    const gone = judge({ cp1: lookOf("cp1", { claim: undefined }) });
    assert.deepEqual([lines(gone), gone.heal], [["cp1 - claim claim"], ["cp1/claim"]]);
    const claim = { cluster: "other", clusterId: "ffffffffffffffff", host: "web7" };
    const foreign = judge({ cp1: lookOf("cp1", { claim, bundles: [] }) });
    assert.deepEqual([lines(foreign), foreign.heal], [["cp1 - claim claim"], []]);
    assert.match(foreign.differences[0]?.detail ?? "", /cluster other \(id ffffffffffffffff\) for its host web7/);
  });

  it("works with hosts down and says so", () => {
    const error = { error: "no SSH connection" };
    const found = judge({ cp1: error, w1: error, cp2: lookOf("cp2", { script: "missing" }) });
    assert.deepEqual(lines(found), ["cp2 - script /usr/local/lib/plinth/plinth-host"]);
    assert.deepEqual(
      found.unseen.map(({ host }) => host),
      ["cp1", "w1"],
    );
    const blind = judge(Object.fromEntries(hosts.map(({ name }) => [name, error])), { nodes: { error: "HTTP 503" } });
    assert.deepEqual(
      blind.unseen.slice(-2).map(({ message }) => message),
      [
        "the members of etcd cannot be listed: no host with a member could be asked",
        "the Nodes cannot be listed: HTTP 503",
      ],
    );
    assert.deepEqual(blind.differences, []);
  });

  it("finds members that are not declared, by name or id, and those that are missing", () => {
    const learner = { id: "abc", started: false, peerUrls: ["https://192.0.2.99:2380"], learner: true };
    // It has a declared name and another address.
    const double = { ...memberOf(0), id: "def", peerUrls: ["https://192.0.2.98:2380"] };
    const found = judge({ cp1: listing("cp1", [...members.slice(0, 2), learner, double]) });
    assert.deepEqual(lines(found), [
      "cluster - rogue-member abc",
      "cluster - rogue-member cp1",
      "cp3 - missing-member cp3",
    ]);
    assert.match(found.differences[0]?.detail ?? "", /learner abc at https:\/\/192\.0\.2\.99:2380, never started/);
    assert.deepEqual(found.heal, ["roster"]);
  });

  it("looks for no members where a worker pool has no say in them", () => {
    const workers = hosts.filter(({ name }) => name === "w1");
    const nodes = [node("cp1", { owner: "demo" }), node("w1", { owner: "pool" })];
    const fine = judge(
      {},
      { hosts: workers, last: { ...nothing, hosts: new Set(["w1"]) }, stack: "pool", nodes: { nodes } },
    );
    assert.deepEqual(fine, { differences: [], remarks: [], unseen: [], heal: [], objects: [] });
  });

  it("finds a declared member that is no voter yet", () => {
    const learning = { ...memberOf(2), learner: true };
    const found = judge({ cp1: listing("cp1", [...members.slice(0, 2), learning]) });
    assert.deepEqual([lines(found), found.heal], [["cp3 - unfinished-member cp3"], ["roster"]]);
  });

  it("finds Nodes of ours without a host, and hosts without a Node", () => {
    const rogue = [node("old"), node("older", { owner: "demo" }), node("pooled", { owner: "pool" })];
    const nodes = [node("cp1"), node("cp2"), node("cp3"), ...rogue, node("theirs", { ours: false })];
    const found = judge({}, { nodes: { nodes } });
    assert.deepEqual(lines(found), [
      "cluster - rogue-node old",
      "cluster - rogue-node older",
      "w1 node missing-node w1",
    ]);
    assert.deepEqual(found.heal, ["w1/node", "roster"]);
    assert.deepEqual(
      found.remarks.map(({ message }) => message),
      ["the Node theirs is not in the inventory and not ours"],
    );
  });

  it("takes a cordoned Node for somebody's wish, and a drain of ours that has not ended for drift", () => {
    const rest = ["cp1", "cp2"].map((name) => node(name));
    const nodes = [...rest, node("cp3", { cordoned: true }), node("w1", { cordoned: true, drained: "uncordon" })];
    const found = judge({}, { nodes: { nodes } });
    assert.deepEqual([lines(found), found.heal], [["w1 node drained-node w1"], ["w1/node"]]);
    assert.match(found.remarks[0]?.message ?? "", /cordoned by somebody: `kubectl uncordon cp3`/);
  });

  it("does not count what the inventory says and no up has done yet", () => {
    // w1 was added; old left, with its member.
    const last = { ...nothing, hosts: new Set(["cp1", "cp2", "cp3", "old"]) };
    const old = { id: "9", started: true, name: "old", peerUrls: ["https://192.0.2.19:2380"], learner: false };
    const nodes = ["cp1", "cp2", "cp3", "old"].map((name) => node(name));
    const found = judge(
      { w1: lookOf("w1", { claim: undefined, bundles: [] }), cp1: listing("cp1", [...members, old]) },
      { last, nodes: { nodes } },
    );
    assert.deepEqual([found.differences, found.heal], [[], []]);
    assert.equal(found.remarks.length, 3);
  });

  it("tells drop-ins of our units, which stay", () => {
    const found = judge({
      cp1: lookOf(
        "cp1",
        {},
        { dropIns: ["/etc/systemd/system/etcd.service.d/x.conf", "/etc/systemd/system/ssh.service.d/y.conf"] },
      ),
    });
    assert.deepEqual(
      found.remarks.map(({ message }) => message.split(" ")[0]),
      ["/etc/systemd/system/etcd.service.d/x.conf"],
    );
  });

  it("compares what Nodes carry, their version and their machine with what was declared", () => {
    const declared = { name: "w1", labels: { rack: "r1" }, annotations: {}, taints: [], machineId: "a".repeat(32) };
    const last = { ...nothing, hosts: new Set(hosts.map(({ name }) => name)), nodes: [declared] };
    const seen = (change: object) =>
      judge(
        {},
        {
          last: { ...last, kubernetesVersion: "1.36.3" },
          nodes: { nodes: [node("cp1"), node("cp2"), node("cp3"), node("w1", change)] },
        },
      );
    const labelled = { content: { ...content, labels: { rack: "r1", theirs: "x" } } };
    assert.deepEqual(seen({ ...labelled, version: "1.36.3", machineId: "a".repeat(32) }).differences, []);
    const bare = seen({ version: "1.35.0" });
    assert.deepEqual(
      bare.differences.map(({ kind, detail }) => `${kind}: ${detail}`),
      ["node: the label rack is gone", "node-version: its kubelet is 1.35.0, declared was 1.36.3"],
    );
    assert.deepEqual(bare.heal, ["w1/node"]);
    const moved = seen({ ...labelled, machineId: "b".repeat(32) });
    assert.deepEqual([lines(moved), moved.heal], [["w1 node node-machine w1"], []]);
  });

  it("tells objects that are not as declared, asks for exactly those, and says which could not be looked at", () => {
    const object = { kind: "Deployment", metadata: { namespace: "kube-system", name: "coredns" } };
    const declared = { urn: "urn:1", object, manager: undefined, secret: false };
    const found = judge(
      {},
      {
        objects: {
          objects: [
            { declared, reading: { gone: true } },
            { declared: { ...declared, urn: "urn:2" }, reading: { live: {}, applied: {}, owners: [] } },
            { declared: { ...declared, urn: "urn:3" }, reading: { error: "Forbidden" } },
          ],
        },
      },
    );
    assert.deepEqual(lines(found), ["cluster - missing-object Deployment kube-system/coredns"]);
    assert.deepEqual(found.objects, [{ urn: "urn:1", name: "Deployment kube-system/coredns" }]);
    assert.deepEqual(found.unseen, [
      { host: undefined, message: "Deployment kube-system/coredns cannot be looked at: Forbidden" },
    ]);
    assert.deepEqual(judge({}, { objects: { error: "no answer" } }).unseen, [
      { host: undefined, message: "the objects in the cluster cannot be looked at: no answer" },
    ]);
  });

  it("tells rules that somebody has flushed", () => {
    const goneRules = [{ unit: "kube-proxy.service", table: "ip kube-proxy" }];
    const found = judge({ w1: lookOf("w1", {}, { goneRules }) });
    assert.deepEqual([lines(found), found.heal], [["w1 node rules ip kube-proxy"], ["w1/node"]]);
  });
});
