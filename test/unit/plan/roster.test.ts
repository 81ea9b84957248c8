import assert from "node:assert/strict";
import fc from "fast-check";
import { declareNode, ownerOf, renderNodeManifest, renderTaints } from "../../../plan/roster.ts";
import { hostsOf } from "../../support/cluster.ts";

const [controlPlane, worker, both] = hostsOf([
  { name: "cp1", address: "192.0.2.11", roles: ["etcd", "control-plane"] },
  {
    name: "w1",
    address: "192.0.2.21",
    roles: ["worker"],
    region: "north",
    zone: "a",
    rack: "r7",
    labels: { "example.net/disk": "nvme" },
    annotations: { "example.net/owner": "storage" },
    taints: [{ key: "dedicated", value: "db", effect: "NoExecute" }],
  },
  { name: "x1", address: "192.0.2.31", roles: ["control-plane", "worker"] },
]);
assert.ok(controlPlane && worker && both);

describe("plan/roster", () => {
  it("labels a Node by role and place, and keeps what the inventory says", () => {
    assert.deepEqual(declareNode(worker, "prod").labels, {
      "example.net/disk": "nvme",
      "node-role.kubernetes.io/worker": "",
      "topology.kubernetes.io/region": "north",
      "topology.kubernetes.io/zone": "a",
      "topology.plinth/rack": "r7",
      "node-restriction.kubernetes.io/plinth-address": "192.0.2.21",
      "node-restriction.kubernetes.io/plinth-owner": "prod",
    });
  });

  it("keeps pods off control-plane hosts, unless they are workers too", () => {
    assert.equal(renderTaints(controlPlane), "node-role.kubernetes.io/control-plane||NoSchedule|");
    assert.equal(renderTaints(both), "");
    assert.equal(renderTaints(worker), "dedicated|db|NoExecute|");
  });

  it("applies nothing but names, labels and annotations", () => {
    assert.deepEqual(JSON.parse(renderNodeManifest(worker, "prod")), {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "w1",
        labels: declareNode(worker, "prod").labels,
        annotations: { "example.net/owner": "storage" },
      },
    });
  });

  it("names an owner in a label, whatever a stack is called", () => {
    assert.equal(ownerOf("prod-hz1"), "prod-hz1");
    for (const stack of ["_", "a_", "x".repeat(64)]) assert.match(ownerOf(stack), /^[0-9a-f]{40}$/, stack);
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/), (stack) => {
        assert.match(ownerOf(stack), /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/);
      }),
    );
  });
});
