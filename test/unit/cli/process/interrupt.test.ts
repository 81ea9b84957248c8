import assert from "node:assert/strict";
import { interruptible } from "../../../../cli/process/interrupt.ts";

describe("interrupts", () => {
  it("ask first, then end, and listen no longer than the work", async () => {
    const before = process.listenerCount("SIGINT");
    const calls: string[] = [];
    const { interrupted, outcome } = await interruptible(
      () => {
        process.emit("SIGINT", "SIGINT");
        process.emit("SIGTERM", "SIGTERM");
        return Promise.resolve("done");
      },
      { stop: () => calls.push("stop"), kill: () => calls.push("kill") },
    );
    assert.deepEqual(calls, ["stop", "kill"]);
    assert.equal(interrupted, true);
    assert.deepEqual(outcome, { status: "fulfilled", value: "done" });
    assert.equal(process.listenerCount("SIGINT"), before);
  });
});
