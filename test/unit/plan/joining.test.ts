import assert from "node:assert/strict";
import { joinsOf, tokenKeepers, type JoinFacts } from "../../../plan/joining.ts";
import { factsOf, hostsOf } from "../../support/cluster.ts";

describe("plan/joining", () => {
  const hosts = hostsOf([
    { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane"] },
    { name: "w1", address: "192.0.2.21", roles: ["worker"] },
  ]);
  const worker = hosts[1];
  assert.ok(worker);
  const machineId = "0af10af10af10af10af10af10af10af1";
  const joinOf = (extra: Parameters<typeof factsOf>[1], other: Partial<JoinFacts> = {}) =>
    joinsOf({
      hosts,
      readings: new Map([["w1", { facts: factsOf("w1", extra) }]]),
      previous: undefined,
      heal: new Set(),
      incarnation: 0,
      ...other,
    })(worker);

  it("tells a join by the machine, the state of its bundle and the cluster's incarnation", () => {
    const complete = { machineId, bundles: { node: { state: "complete" as const, generation: 3 } } };
    const first = joinOf(complete);
    assert.deepEqual(first, { machineId, generation: 3, incarnation: 0 });
    assert.deepEqual(joinOf(complete), first, "the same facts are the same join");
    const others = [
      joinOf({ ...complete, machineId: machineId.replaceAll("0", "1") }),
      joinOf({ machineId, bundles: {} }),
      joinOf({ machineId, bundles: { node: { ...complete.bundles.node, state: "half-done" as const } } }),
      joinOf(complete, { heal: new Set(["w1/node"]) }),
      joinOf(complete, { incarnation: 1 }),
    ];
    const keepers = [first, ...others].map((join) => JSON.stringify(join && tokenKeepers(join)));
    for (const other of keepers.slice(1)) assert.notEqual(other, keepers[0]);
    assert.deepEqual(
      joinOf(complete, { heal: new Set(["w1/baseline", "cp1/node"]) }),
      first,
      "others' work is no join",
    );
  });

  it("knows no join of a host that was not read", () => {
    assert.equal(joinOf({}, { readings: new Map() }), undefined);
    assert.equal(
      joinOf({}, { readings: new Map([["w1", { failure: "unreachable", message: "no route" }]]) }),
      undefined,
    );
  });
});
