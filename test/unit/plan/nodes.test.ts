import assert from "node:assert/strict";
import { parseLease, parseLeaseList } from "../../../plan/leases.ts";
import { parseNodeList } from "../../../plan/nodes.ts";

describe("plan/nodes", () => {
  it("reads the API's list", () => {
    const items = [
      {
        metadata: {
          name: "w1",
          labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": "", zone: "a" },
          annotations: { "plinth/owner": "demo", "plinth/leaving": "uncordon" },
        },
        spec: {
          unschedulable: true,
          taints: [{ key: "ToBeDeletedByClusterAutoscaler", value: "plinth", effect: "NoSchedule" }],
        },
        status: {
          conditions: [
            { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure", message: "disk" },
            { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory" },
            { type: "Ready", status: "True", reason: "KubeletReady" },
          ],
          nodeInfo: { kubeletVersion: "v1.36.3", machineID: "0af10af10af10af10af10af10af10af1" },
          addresses: [
            { type: "Hostname", address: "w1" },
            { type: "InternalIP", address: "192.0.2.21" },
          ],
        },
      },
      { metadata: { name: "w2" }, status: { conditions: [{ type: "Ready", status: "Unknown", message: "gone" }] } },
      { metadata: { name: "w3" } },
    ];
    const read = parseNodeList(JSON.stringify({ items }));
    assert.deepEqual(read[0], {
      name: "w1",
      ready: true,
      machineId: "0af10af10af10af10af10af10af10af1",
      address: "192.0.2.21",
      owner: "demo",
      leaving: "uncordon",
      complaints: ["KubeletHasDiskPressure: disk"],
      version: "1.36.3",
      roles: ["edge", "worker"],
      cordoned: true,
      unserved: true,
      ours: true,
      content: {
        labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/edge": "", zone: "a" },
        annotations: { "plinth/owner": "demo", "plinth/leaving": "uncordon" },
        taints: [{ key: "ToBeDeletedByClusterAutoscaler", value: "plinth", effect: "NoSchedule" }],
      },
    });
    assert.deepEqual(
      read.slice(1).map(({ ready, complaints }) => [ready, complaints]),
      [
        [undefined, ["Ready: gone"]],
        [false, ["its kubelet has not reported yet"]],
      ],
    );
  });

  it("takes a Node for leaving by our taint alone, which its kubelet cannot set", () => {
    const leavingOf = (value: string | undefined, annotations: Record<string, string>) => {
      const taints =
        value === undefined ? [] : [{ key: "ToBeDeletedByClusterAutoscaler", value, effect: "NoSchedule" }];
      const items = [{ metadata: { name: "w1", annotations }, spec: { taints } }];
      return parseNodeList(JSON.stringify({ items }))[0]?.leaving;
    };
    assert.equal(leavingOf(undefined, { "plinth/leaving": "uncordon" }), undefined);
    assert.equal(leavingOf("1795", { "plinth/leaving": "uncordon" }), undefined, "of an autoscaler");
    assert.equal(leavingOf("plinth", { "plinth/leaving": "uncordon" }), "uncordon");
    assert.equal(leavingOf("plinth", {}), "cordoned", "the last that a run takes away");
    assert.equal(leavingOf("plinth", { "plinth/drained": "uncordon" }), undefined, "it is drained for a while");
  });

  it("knows Nodes of ours by what only we put there", () => {
    const items = [
      { metadata: { name: "a", annotations: { "plinth/taints": "", "plinth/owner": "demo" } } },
      { metadata: { name: "b", managedFields: [{ manager: "plinth" }] }, spec: { unschedulable: true } },
      { metadata: { name: "c", annotations: { other: "" }, managedFields: [{ manager: "kubelet" }] } },
      { metadata: { name: "d", annotations: { "plinth/drained": "uncordon" } }, spec: { unschedulable: true } },
    ];
    assert.deepEqual(
      parseNodeList(JSON.stringify({ items })).map(({ ours, owner, cordoned, drained }) => [
        ...[ours, owner, cordoned, drained],
      ]),
      [
        [true, "demo", false, undefined],
        [true, undefined, true, undefined],
        [false, undefined, false, undefined],
        [true, undefined, true, "uncordon"],
      ],
    );
  });

  it("refuses what is no list", () => {
    assert.throws(() => parseNodeList("<html>"));
    assert.throws(() => parseNodeList('{"kind":"Status"}'));
    assert.throws(() => parseNodeList('{"items":[{"metadata":{"name":7}}]}'));
  });
});

describe("plan/leases", () => {
  it("tells who has one, and since when", () => {
    const spec = { holderIdentity: "cp1_7d", renewTime: "2026-05-31T23:59:50.000000Z" };
    const lease = { metadata: { name: "w1" }, spec };
    const read = { name: "w1", holder: "cp1_7d", renewed: Date.parse("2026-05-31T23:59:50Z") };
    assert.deepEqual(parseLease(JSON.stringify(lease)), read);
    const nobody = { name: "w2", holder: "", renewed: undefined };
    assert.deepEqual(parseLeaseList(JSON.stringify({ items: [lease, { metadata: { name: "w2" } }] })), [read, nobody]);
  });
});
