import assert from "node:assert/strict";
import { withoutCleanUp } from "../../../../cli/operations/lost.ts";

const claim = (name: string, more: object = {}) => ({
  urn: `urn:pulumi:lab::plinth::plinth:index:Cluster$plinth:host:Host$command:remote:Command::${name}-claim`,
  type: "command:remote:Command",
  ...more,
});
const state = (...resources: object[]): string => JSON.stringify({ version: 3, deployment: { resources } });

describe("a lost host in the state", () => {
  it("is forgotten without clean-up: its claim is retained on delete, and nothing else is touched", () => {
    const other = { urn: "urn:pulumi:lab::plinth::command:remote:Command::cp2-etcd", type: "command:remote:Command" };
    const changed = withoutCleanUp(state(claim("cp1"), claim("cp2"), other), ["cp2"]);
    assert.deepEqual(JSON.parse(changed ?? ""), {
      version: 3,
      deployment: { resources: [claim("cp1"), claim("cp2", { retainOnDelete: true }), other] },
    });
  });

  it("needs no second change, and a host that was never claimed none at all", () => {
    assert.equal(withoutCleanUp(state(claim("cp2", { retainOnDelete: true })), ["cp2"]), undefined);
    assert.equal(withoutCleanUp(state(claim("cp1")), ["cp2"]), undefined);
    assert.equal(withoutCleanUp(JSON.stringify({ deployment: null }), ["cp2"]), undefined);
  });
});
