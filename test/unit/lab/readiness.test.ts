import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { parseReadiness, readinessCommand } from "../../../lab/readiness.ts";

describe("lab: readiness of a host", () => {
  it("reads state, failed units and units that still wait", () => {
    assert.deepEqual(parseReadiness("running\n"), { state: "running", failed: [], starting: [] });
    assert.deepEqual(parseReadiness("degraded\nfailed a.service loaded failed failed A\nfailed b.timer x\n"), {
      state: "degraded",
      failed: ["a.service", "b.timer"],
      starting: [],
    });
    assert.deepEqual(parseReadiness("starting\nstarting etcd.service\n")?.starting, ["etcd.service"]);
  });

  it("does not take a system that has no answer yet for one that is ready", () => {
    for (const text of ["", "offline", "initializing", "Failed to connect to bus"]) {
      assert.equal(parseReadiness(text), undefined, text);
    }
  });

  it("asks by a command that a shell can read", () => {
    execFileSync("sh", ["-n", "-c", readinessCommand]);
  });
});
