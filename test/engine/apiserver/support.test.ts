import assert from "node:assert/strict";
import { startApiServer } from "../../support/apiServer.ts";

describe("the API server that tests start", () => {
  it("says which of its processes ended, and what that one logged", async () => {
    const start = startApiServer({ args: { "goaway-chance": "often" } });
    await assert.rejects(
      start,
      /^ScratchError: kube-apiserver ended by itself \(exit code 1\): .*invalid argument "often"/s,
    );
  });
});
