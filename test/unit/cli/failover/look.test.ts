import assert from "node:assert/strict";
import { failoverHost } from "../../../../cli/failover/look.ts";
import type { HostProbe } from "../../../../cli/status/types.ts";
import { hostsOf, memberStatus } from "../../../support/cluster.ts";

const [host = assert.fail()] = hostsOf();
const seen = { apiserver: "ok", node: true } as const;
const vip = "192.0.2.10";
const bundle = { generation: 1, state: "complete" as const, drift: [] };
const probe: HostProbe = {
  ...{ uptime: 1, machineId: "", certificates: [], goneRules: [], backups: [], reportError: undefined },
  addresses: { [vip]: "eth0" },
  etcd: { data: true, self: memberStatus("1", "2"), members: [] },
  report: {
    ...{ claim: undefined, script: "ok" },
    bundles: [
      { ...bundle, bundle: "etcd", units: { "etcd.service": "active" } },
      { ...bundle, bundle: "node", units: { "kubelet.service": "active" } },
      { ...bundle, bundle: "loadbalancer", units: { "haproxy.service": "failed" } },
    ],
  },
};

describe("a look for a failover drill", () => {
  it("tells who has the virtual IP, how the member is, and what would be stopped", () => {
    const { holdsVip, member, units, failoverUntil } = failoverHost(host, { probe }, seen, vip);
    assert.deepEqual([holdsVip, member?.id, member?.self?.leader, failoverUntil], [true, "1", "2", undefined]);
    assert.deepEqual(
      [...units],
      [
        ["etcd.service", "active"],
        ["haproxy.service", "failed"],
      ],
    );
    assert.equal(failoverHost(host, { probe }, seen, undefined).holdsVip, false);
    assert.equal(failoverHost(host, { probe: { ...probe, failoverUntil: 5 } }, seen, vip).failoverUntil, 5);
  });

  it("knows of no member where none is to be, and says why a host tells nothing", () => {
    const worker = { ...host, roles: ["control-plane" as const] };
    assert.equal(failoverHost(worker, { probe }, seen, vip).member, undefined);
    const silent = failoverHost(host, { error: "unreachable" }, seen, vip);
    assert.deepEqual([silent.error, silent.member?.self, silent.units.size], ["unreachable", undefined, 0]);
    const { error } = failoverHost(host, { probe: { ...probe, report: undefined } }, seen, vip);
    assert.match(error ?? "", /run up$/);
  });
});
