import assert from "node:assert/strict";
import { addTallies, emptyTally, tallyLine } from "../../../../cli/testing/tally.ts";
import { selectTiers, tierNames } from "../../../../cli/testing/tiers.ts";

describe("the test command", () => {
  it("runs real hosts last, whatever the order asked for", () => {
    assert.deepEqual(tierNames.slice(-6), [...["e2e", "alerts", "lifecycle", "disaster", "monitoring", "machines"]]);
    assert.deepEqual(
      selectTiers(["e2e", "unit"]).map(({ name }) => name),
      ["unit", "e2e"],
    );
    assert.deepEqual(
      selectTiers([]).map(({ name }) => name),
      tierNames.slice(0, -5),
    );
    assert.deepEqual(
      selectTiers(["lifecycle"]).map(({ name }) => name),
      ["lifecycle"],
    );
  });

  it("ends with one line that hides nothing", () => {
    assert.equal(tallyLine(emptyTally), "0 passed, 0 failed");
    const sum = addTallies({ passed: 3, failed: 1, skipped: 0 }, { passed: 2, failed: 0, skipped: 1 });
    assert.equal(tallyLine(sum), "5 passed, 1 failed, 1 skipped");
  });
});
