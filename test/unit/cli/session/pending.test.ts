import assert from "node:assert/strict";
import { withoutPending } from "../../../../cli/session/pending.ts";

describe("pending operations", () => {
  const urn = "urn:pulumi:lab::plinth::plinth:index:Cluster$plinth:etcd:Member$command:remote:Command::cp1-etcd";

  it("are taken out and named, and the rest stays", () => {
    const resources = [{ urn, type: "command:remote:Command" }];
    const state = {
      version: 3,
      deployment: { resources, pending_operations: [{ type: "creating", resource: { urn } }] },
    };
    const result = withoutPending(JSON.stringify(state), ["cp1"]);
    assert.ok(result !== undefined);
    assert.deepEqual(result.dropped, [{ type: "creating", resource: "etcd on cp1" }]);
    assert.deepEqual(JSON.parse(result.state), { version: 3, deployment: { resources } });
  });

  it("are usually none", () => {
    for (const deployment of [{}, { pending_operations: [] }, { pending_operations: null }, null]) {
      assert.equal(withoutPending(JSON.stringify({ version: 3, deployment }), []), undefined);
    }
  });
});
