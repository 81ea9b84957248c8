import assert from "node:assert/strict";
import { abandonedHosts, isClaimedBy, leftHosts } from "../../../plan/abandoned.ts";
import type { Claim, HostReading } from "../../../plan/facts.ts";
import { factsOf } from "../../support/cluster.ts";

const clusterId = "0123456789abcdef";
const owner = { stack: "prod", clusterId };
const claim: Claim = { cluster: "demo", clusterId, host: "w3", stack: "prod", generation: 1 };
const claimed = (extra: Partial<Claim> = {}): HostReading => ({
  facts: factsOf("w3", { claim: { ...claim, ...extra } }),
});
const tombstone = { address: "192.0.2.23", roles: ["worker"] };
const joining = { ...tombstone, joining: true };

describe("plan/abandoned", () => {
  const found = (more: Partial<Parameters<typeof abandonedHosts>[0]>): string[] =>
    Object.keys(
      abandonedHosts({
        previous: { w3: joining, w1: tombstone },
        inventory: new Set(),
        lost: {},
        readings: new Map([["w3", claimed()]]),
        owner,
        ...more,
      }),
    );

  it("finds a host that a killed run has claimed and that the inventory has no more", () => {
    assert.deepEqual(found({}), ["w3"]);
    assert.deepEqual(found({ inventory: new Set(["w3"]) }), []);
    assert.deepEqual(found({ lost: { w3: tombstone } }), []);
    assert.deepEqual(found({ previous: { w3: tombstone } }), [], "the state has its claim");
  });

  it("knows of it until it has said that it is free", () => {
    assert.deepEqual(found({ readings: new Map([["w3", { facts: factsOf("w3") }]]) }), []);
    assert.deepEqual(found({ readings: new Map() }), ["w3"]);
    assert.deepEqual(found({ readings: new Map([["w3", { failure: "unreachable", message: "no answer" }]]) }), ["w3"]);
  });

  it("takes a host for free that belongs to somebody else now: another cluster, stack or name", () => {
    for (const other of [{ clusterId: "f".repeat(16) }, { stack: "pool" }, { host: "w7" }])
      assert.deepEqual(found({ readings: new Map([["w3", claimed(other)]]) }), [], JSON.stringify(other));
  });

  it("goes by the stack's name while there is no id to compare with", () => {
    assert.ok(isClaimedBy({ stack: "prod", clusterId: undefined }, "w3", { claim }));
    assert.ok(!isClaimedBy({ stack: "prod", clusterId: undefined }, "w3", {}));
  });

  it("counts every host that has left and is not lost", () => {
    const previous = { w3: joining, w1: tombstone, w2: tombstone };
    assert.deepEqual(Object.keys(leftHosts(previous, new Set(["w2"]), { w1: tombstone })), ["w3"]);
  });
});
