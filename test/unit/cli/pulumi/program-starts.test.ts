import assert from "node:assert/strict";
import { ProgramStarts } from "../../../../cli/pulumi/program-starts.ts";

describe("starts of the program", () => {
  it("are counted from the start of the engine, over all of its runs, and not for runs without the program", async () => {
    let now = 0;
    const starts = new ProgramStarts(() => now);
    const program = starts.marked(() => {
      now += 1000;
      return Promise.resolve({ made: now });
    });
    assert.equal(starts.milliseconds, 0);
    for (const wait of [30, 20]) {
      starts.begin();
      now += wait;
      await program();
    }
    assert.equal(starts.milliseconds, 50);
    starts.begin();
    now += 500;
    assert.equal(starts.milliseconds, 50);
  });
});
