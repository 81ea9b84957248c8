import assert from "node:assert/strict";
import type { HostReading } from "../../../plan/facts.ts";
import { describeFinding, type Finding } from "../../../plan/findings.ts";
import { applyOverrides, guardHosts, type Identity } from "../../../plan/guards.ts";
import { configOf, factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";

const hosts = hostsOf();
const config = configOf();
const identity: Identity = { clusterId: "0123456789abcdef" };
const ours = { cluster: "demo", clusterId: "0123456789abcdef", host: "cp1", stack: "demo", generation: 1 };
const judge = (replaced: Record<string, HostReading>, id: Identity | undefined = identity) =>
  guardHosts(hosts, config, readingsOf(hosts, replaced), id);
const rules = (findings: readonly Finding[]) => findings.map((finding) => finding.rule);

describe("plan/guards", () => {
  it("lets healthy hosts pass, claimed by us or by nobody", () => {
    assert.deepEqual(judge({}), []);
    assert.deepEqual(
      judge({
        cp1: { facts: factsOf("cp1", { claim: ours, bundles: { etcd: { generation: 1, state: "complete" } } }) },
      }),
      [],
    );
  });

  it("reports every kind of missing access with its own remedy", () => {
    const failures = ["unreachable", "auth", "host-key", "sudo", "garbled"] as const;
    for (const failure of failures) {
      const [finding, ...more] = judge({ cp2: { failure, message: "the reason" } });
      assert.ok(finding);
      assert.deepEqual(more, []);
      assert.equal(finding.kind, "input");
      assert.deepEqual(finding.hosts, ["cp2"]);
      assert.match(describeFinding(finding), /cp2: the reason; .{20}/);
    }
    assert.equal(
      new Set(failures.map((failure) => judge({ cp2: { failure, message: "m" } })[0]?.remedy)).size,
      failures.length,
    );
  });

  it("refuses a host of another cluster, also when this stack has no id yet", () => {
    const claimed = { cp1: { facts: factsOf("cp1", { claim: { ...ours, clusterId: "ffff" } }) } };
    assert.deepEqual(rules(judge(claimed)), ["foreign-host"]);
    assert.deepEqual(rules(judge(claimed, { clusterId: undefined })), ["foreign-host"]);
  });

  it("points to the state that is lost where a foreign claim has the very names of this stack", () => {
    const claimed = { cp1: { facts: factsOf("cp1", { claim: { ...ours, clusterId: "ffff" } }) } };
    const remedyFor = (cluster: string, stack: string): string =>
      judge(claimed, { clusterId: undefined, named: { cluster, stack } })[0]?.remedy ?? "";
    assert.match(remedyFor(ours.cluster, ours.stack), /its state is lost, and \.\/plinth restore state/);
    assert.doesNotMatch(remedyFor(ours.cluster, "x"), /restore state/);
    assert.doesNotMatch(remedyFor("x", ours.stack), /restore state/);
  });

  it("refuses to rename a host in service, not one that is merely claimed", () => {
    const renamed = { ...ours, host: "old" };
    assert.deepEqual(rules(judge({ cp1: { facts: factsOf("cp1", { claim: renamed }) } })), []);
    const busy = factsOf("cp1", { claim: renamed, bundles: { etcd: { generation: 1, state: "complete" } } });
    assert.deepEqual(rules(judge({ cp1: { facts: busy } })), ["renamed-host"]);
  });

  it("names the program that holds a port, and lets our own units hold it", () => {
    const listener = {
      protocol: "tcp" as const,
      address: "0.0.0.0",
      port: 6443,
      pid: "77",
      command: "nginx",
      unit: "nginx.service",
    };
    const [finding] = judge({ cp3: { facts: factsOf("cp3", { listeners: [listener] }) } });
    assert.ok(finding);
    assert.equal(finding.rule, "port-taken");
    assert.match(finding.message, /port 6443, which .*, is taken by nginx \(pid 77, unit nginx.service\)/);
    const own = { ...listener, address: "192.0.2.13", command: "kube-apiserver", unit: "kube-apiserver.service" };
    const bundles = { controlplane: { generation: 1, state: "complete" as const } };
    assert.deepEqual(judge({ cp3: { facts: factsOf("cp3", { listeners: [own], bundles }) } }), []);
    // A unit of the same name that we have not made, as kubeadm's kubelet.service.
    assert.deepEqual(rules(judge({ cp3: { facts: factsOf("cp3", { listeners: [own] }) } })), ["port-taken"]);
    const elsewhere = { ...listener, address: "198.51.100.1" };
    assert.deepEqual(judge({ cp3: { facts: factsOf("cp3", { listeners: [elsewhere] }) } }), []);
  });

  it("compares clocks with the machine on which certificates are made", () => {
    const all = (skew: number) =>
      Object.fromEntries(hosts.map(({ name }) => [name, { facts: factsOf(name, { skew }) }]));
    const [behind, ...more] = judge(all(-600));
    assert.deepEqual([behind?.rule, behind?.hosts, more], ["clock-skew", ["cp1", "cp2", "cp3"], []]);
    assert.match(behind?.message ?? "", /600\.0 s behind this machine's, 60 s are allowed: .* not be valid there yet/);
    assert.match(judge(all(90))[0]?.message ?? "", /90\.0 s ahead of this machine's/);
    assert.deepEqual(judge(all(-60)), []);
    assert.deepEqual(
      judge(
        Object.fromEntries(
          hosts.map(({ name }) => [name, { facts: factsOf(name, { skew: -90, skewUncertainty: 40 }) }]),
        ),
      ),
      [],
      "a look that took long says less",
    );
  });

  it("finds cloned disks, wrong clocks, small machines, missing commands and the wrong interface", () => {
    assert.deepEqual(rules(judge({ cp2: { facts: factsOf("cp2", { machineId: "machine-cp1" }) } })), [
      "duplicate-machine-id",
    ]);
    const late = judge({ cp2: { facts: factsOf("cp2", { skew: -30 }) } });
    assert.deepEqual([rules(late), late[0]?.hosts], [["clock-skew"], ["cp2"]]);
    const small = factsOf("cp2", { memoryKiB: 500_000, diskFreeKiB: { "/var/lib": 10 }, commands: {}, arch: "arm64" });
    assert.deepEqual(rules(judge({ cp2: { facts: small } })), [
      "architecture",
      "missing-command",
      "memory",
      "disk-space",
    ]);
    const wrong = factsOf("cp2", { addresses: { "192.0.2.12": "bond0" } });
    assert.deepEqual(rules(judge({ cp2: { facts: wrong } })), ["interface"]);
  });

  it("says on every host without the address of the inventory what is expected", () => {
    const behind = (name: string): HostReading => ({
      facts: factsOf(name, { addresses: { "127.0.0.1": "lo", "10.0.0.5": "ens3" } }),
    });
    const findings = judge({ cp2: behind("cp2"), cp3: behind("cp3") });
    assert.deepEqual(
      findings.map(({ rule, hosts: [name] }) => [rule, name]),
      [
        ["address-missing", "cp2"],
        ["address-missing", "cp3"],
      ],
    );
    assert.equal(
      findings[0] && describeFinding(findings[0]),
      "cp2: 192.0.2.12, by which the cluster is to know it, is on none of its interfaces (it has 10.0.0.5 on ens3); " +
        "set address to one that it has and that all other hosts reach; where you reach it by another one, " +
        'set sshAddress: "192.0.2.12" besides [address-missing]',
    );
    assert.deepEqual(judge({ cp2: { facts: factsOf("cp2", { addresses: {} }) } }), [], "none is told: not judged");
  });

  it("sets aside only what may be set aside, and says when a name is not one of those", () => {
    const findings = judge({ cp1: { facts: factsOf("cp1", { memoryKiB: 1, claim: { ...ours, clusterId: "ffff" } }) } });
    const { remaining, setAside } = applyOverrides(findings, ["memory", "foreign-host"]);
    assert.deepEqual(rules(setAside), ["memory"]);
    assert.deepEqual(rules(remaining), ["foreign-host", "overrides"]);
  });
});
