import assert from "node:assert/strict";
import { planHost } from "../../../../plan/bundles/index.ts";
import {
  chooseHost,
  drillSentence,
  failoverObstacles,
  failoverUnits,
  notWell,
  type FailoverHost,
} from "../../../../plan/failover/hosts.ts";
import { configOf, hostsOf } from "../../../support/cluster.ts";

const inventory = hostsOf();
const way = { endpoint: "https://192.0.2.10:6443", inventory };

/** Three hosts that are well; cp2 leads etcd. */
function well(changes: Record<string, Partial<FailoverHost>> = {}): FailoverHost[] {
  return inventory.map(({ name }) => ({
    name,
    holdsVip: false,
    member: { host: name, id: name, self: { leader: "cp2", learner: false, index: 9, applied: 9, alarms: [] } },
    apiserver: "ok",
    node: true,
    units: new Map([["etcd.service", "active"]]),
    ...changes[name],
  }));
}

describe("which host a failover drill is on", () => {
  it("is the named one, the holder of the virtual IP, etcd's leader, or the first", () => {
    assert.deepEqual(chooseHost(well(), "cp3"), { host: "cp3", why: "it was named" });
    assert.deepEqual(chooseHost(well({ cp3: { holdsVip: true } }), undefined), {
      host: "cp3",
      why: "it has the virtual IP",
    });
    assert.deepEqual(chooseHost(well(), undefined), { host: "cp2", why: "its member leads etcd" });
    const silent = { member: { host: "cp2", id: "cp2", self: undefined } };
    assert.deepEqual(chooseHost(well({ cp2: silent }), undefined), { host: "cp1", why: "it is the first" });
  });

  it("is a control-plane host", () => {
    assert.equal(chooseHost(well(), "w1"), undefined);
    const [member = assert.fail()] = well({ cp1: { holdsVip: true } });
    delete member.apiserver;
    assert.equal(chooseHost([member], undefined), undefined);
    assert.equal(chooseHost([member], "cp1"), undefined);
  });
});

describe("what stands against a failover drill", () => {
  const against = (hosts: FailoverHost[], name = "cp2", endpoint = way.endpoint): string[] =>
    failoverObstacles(hosts, name, { ...way, endpoint }, 1000);

  it("is nothing where all is well", () => {
    for (const { name } of inventory) assert.deepEqual(against(well(), name), []);
  });

  it("is that nobody takes over", () => {
    assert.deepEqual(against(well().slice(0, 1), "cp1"), [
      "cp1 is the only control-plane host: nobody takes over from it",
    ]);
    assert.match(against(well().slice(0, 2), "cp1").join("\n"), /^etcd has 2 members: .* 3 at least$/);
    assert.match(
      against(well({ cp1: { apiserver: "HTTP 500" }, cp3: { apiserver: "no answer" } })).join("\n"),
      /no API server of another host is ready \(cp1: HTTP 500; cp3: no answer\)/,
    );
    assert.match(against(well(), "cp2", "https://192.0.2.12:6443").join("\n"), /which is cp2 itself/);
  });

  it("is told all at once", () => {
    const broken = well({
      cp1: { member: { host: "cp1", id: "cp1", self: undefined }, failoverUntil: 1030 },
      cp2: { apiserver: "no answer", node: false, units: new Map([["haproxy.service", "failed"]]) },
      cp3: { error: "unreachable", failoverUntil: 900 },
    });
    assert.deepEqual(against(broken), [
      "a failover drill is under way on cp1, for 30 s more",
      "a failover drill is under way on cp3",
      "cp3 cannot be looked at: unreachable",
      "the member of cp1 does not answer",
      "the API server of cp2 is not ready: no answer",
      "the Node of cp2 is not ready",
      "on cp2, haproxy.service is failed",
    ]);
  });

  it("is each alarm of etcd", () => {
    for (const alarm of ["NOSPACE", "CORRUPT"] as const) {
      const self = { leader: "cp2", learner: false, index: 9, applied: 9, alarms: [alarm] };
      assert.deepEqual(against(well({ cp1: { member: { host: "cp1", id: "cp1", self } } })), [
        `etcd has the alarm ${alarm}: run ./plinth etcd repair`,
      ]);
    }
  });

  it("says who is back by what has stood against it before", () => {
    assert.deepEqual(notWell(well(), "cp2"), []);
    assert.deepEqual(notWell(well({ cp1: { apiserver: "no answer" } }), "cp2"), []);
    assert.deepEqual(notWell([], "cp2"), ["cp2 was not looked at"]);
  });
});

describe("what is told of a host meanwhile", () => {
  it("is until when, and what to do where that is over", () => {
    const until = Date.parse("2026-06-01T00:01:00Z") / 1000;
    assert.match(drillSentence(until, until - 60), /away until 2026-06-01T00:01:00Z; they start again by themselves$/);
    assert.match(
      drillSentence(until, until + 1),
      /was to start its services again at 2026-06-01T00:01:00Z: .* \.\/plinth up/,
    );
  });
});

describe("the units of a failover drill", () => {
  it("are those by which a control-plane host serves, in the order in which they start, and not those of pods", () => {
    const config = configOf();
    const [host = assert.fail()] = hostsOf();
    const reports = planHost({ host, hosts: inventory, config }).map(({ name, units }) => ({
      bundle: name,
      units: Object.fromEntries(units.map((unit) => [unit, "active"])),
    }));
    const units = [...failoverUnits(reports.toReversed()).keys()];
    const needed = [
      "etcd.service",
      "kube-apiserver.service",
      "kube-controller-manager.service",
      "kube-scheduler.service",
      "haproxy.service",
      "keepalived.service",
    ];
    assert.deepEqual(
      units.filter((unit) => needed.includes(unit)),
      needed,
    );
    for (const unit of ["kubelet.service", "containerd.service", "kube-proxy.service"])
      assert.ok(!units.includes(unit), unit);
  });
});
