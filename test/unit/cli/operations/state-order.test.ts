import assert from "node:assert/strict";
import { withoutStepOrder } from "../../../../cli/operations/state-order.ts";

const urn = (name: string, type = "command:remote:Command"): string =>
  `urn:pulumi:lab::plinth::plinth:index:Cluster$plinth:etcd:Member$${type}::${name}`;
const command = (name: string, ...dependencies: string[]) => ({
  urn: urn(name),
  type: "command:remote:Command",
  dependencies,
});

describe("the order of steps in a state of an earlier release", () => {
  it("is taken out; claims, keys and what objects wait for stay", () => {
    const key = urn("cp1-etcd", "tls:index/privateKey:PrivateKey");
    const object = { urn: urn("coredns", "kubernetes:apps/v1:Deployment"), type: "kubernetes:apps/v1:Deployment" };
    const before = {
      version: 3,
      deployment: {
        resources: [
          command("cp1-claim"),
          command("cp1-baseline", urn("cp1-claim")),
          command("cp1-etcd", key, urn("cp1-claim"), urn("cp1-baseline"), urn("cp2-baseline")),
          { ...object, dependencies: [urn("w1-register")] },
        ],
      },
    };
    const after = JSON.parse(withoutStepOrder(JSON.stringify(before)) ?? "") as typeof before;
    assert.deepEqual(
      after.deployment.resources.map(({ dependencies }) => dependencies),
      [[], [urn("cp1-claim")], [key, urn("cp1-claim")], [urn("w1-register")]],
    );
    assert.equal(after.version, 3);
  });

  it("is not there in a state of this release, nor in an empty one", () => {
    const state = { deployment: { resources: [command("cp1-claim"), command("cp1-etcd", urn("cp1-claim"))] } };
    assert.equal(withoutStepOrder(JSON.stringify(state)), undefined);
    assert.equal(withoutStepOrder(JSON.stringify({ deployment: null })), undefined);
  });
});
