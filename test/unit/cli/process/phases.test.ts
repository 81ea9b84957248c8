import assert from "node:assert/strict";
import { Phases } from "../../../../cli/process/phases.ts";

describe("phases", () => {
  it("survive a re-execution and add up by name", async () => {
    const first = new Phases();
    await first.measure("artifacts", () => Promise.resolve());
    first.add("artifacts", 1000);
    const second = Phases.fromEnvironment(first.environment());
    second.add("engine start", 5);
    assert.deepEqual(
      second.list.map(({ name }) => name),
      ["artifacts", "engine start"],
    );
    assert.ok((second.list[0]?.duration ?? 0) >= 1000);
    assert.deepEqual(Phases.fromEnvironment({}).list, []);
  });
});
