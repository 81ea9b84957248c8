import assert from "node:assert/strict";
import fc from "fast-check";
import { etcdCertificates } from "../../../plan/bundles/etcd.ts";
import type { HostReading } from "../../../plan/facts.ts";
import type { LiveMember } from "../../../plan/livecluster.ts";
import { quorumOf } from "../../../plan/membership.ts";
import { standsStill } from "../../../plan/standstill.ts";
import { factsOf, hostsOf } from "../../support/cluster.ts";

const at = Date.parse("2026-06-01T00:00:00Z");
type State = "good" | "ended" | "peer-ended" | "silent" | "new";

function reading(name: string, state: State): HostReading {
  if (state === "silent") return { failure: "unreachable", message: "no answer" };
  const certificates = etcdCertificates.map((path) => ({
    ...{ path, subject: "CN=cp1", isAuthority: false, notBefore: "2026-01-01T00:00:00.000Z" },
    notAfter:
      state === "ended" || (state === "peer-ended" && path.endsWith("peer.crt"))
        ? "2026-05-01T00:00:00.000Z"
        : "2026-12-01T00:00:00.000Z",
  }));
  return { facts: factsOf(name, state === "new" ? {} : { certificates }) };
}

function still(states: readonly State[], members?: LiveMember[]): boolean {
  const hosts = hostsOf(
    states.map((_, n) => ({ name: `cp${n + 1}`, address: `192.0.2.${n + 11}`, roles: ["etcd", "control-plane"] })),
  );
  const readings = new Map(hosts.map(({ name }, n) => [name, reading(name, states[n] ?? "new")]));
  return standsStill(hosts, readings, { members }, at);
}

describe("plan/standstill", () => {
  it("is where nobody has a quorum because the certificates of members have ended", () => {
    assert.ok(still(["ended", "ended", "ended"]));
    assert.ok(still(["peer-ended", "peer-ended", "good"]));
    assert.ok(still(["ended", "ended", "silent"]));
    assert.ok(still(["ended"]));
  });

  it("is not where members that are good suffice for a quorum: the others are changed one by one", () => {
    assert.ok(!still(["ended", "good", "good"]));
    assert.ok(!still(["ended", "good", "good", "good", "ended"]));
  });

  it("is not where a quorum is missing for other reasons, or the cluster is new", () => {
    assert.ok(!still(["good", "silent", "silent"]));
    assert.ok(!still(["new", "new", "new"]));
    assert.ok(!still(["good", "good", "good"]));
  });

  it("is never where somebody has a quorum, and never where as many as a quorum needs are good", () => {
    const state = fc.constantFrom<State>("good", "ended", "peer-ended", "silent", "new");
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 7 }), (states) => {
        assert.ok(!still(states, []));
        const good = states.filter((one) => one === "good").length;
        if (good >= quorumOf(states.length)) assert.ok(!still(states));
        if (states.every((one) => one === "ended")) assert.ok(still(states));
      }),
    );
  });
});
