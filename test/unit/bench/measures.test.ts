import assert from "node:assert/strict";
import { median } from "../../../bench/commands.ts";
import { failureOf } from "../../../bench/fleetbench.ts";
import { changesIn } from "../../../bench/operations.ts";
import { parseStat, readProcess } from "../../../bench/proc.ts";

describe("bench measures", () => {
  it("reads what the kernel says of a process, whatever its name", () => {
    const text = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 150 50 20 30 20 0 1 0 100 0 0";
    assert.deepEqual(parseStat(text, 100), { name: "a) b (c", ownCpu: 2, childrenCpu: 0.5 });
    const own = readProcess(process.pid);
    assert.ok(own !== undefined && own.peakMiB >= own.residentMiB && own.residentMiB > 10);
  });

  it("counts changes in what the command line prints", () => {
    assert.equal(changesIn('{"changes":{"create":2,"update":1,"same":40}}'), 3);
    assert.equal(changesIn('{"summary":{"same":40},"changes":[]}'), 0);
    assert.equal(changesIn("error"), undefined);
  });

  it("tells an operation that did not do what it should", () => {
    const ended = (code: number, changes: number | undefined) => ({ code, changes });
    assert.equal(failureOf(ended(0, 3), true, []), undefined);
    assert.equal(failureOf(ended(0, 0), false, []), undefined);
    assert.match(failureOf(ended(1, undefined), true, []) ?? "", /exit code 1/);
    assert.match(failureOf(ended(0, 0), true, []) ?? "", /nothing was changed/);
    assert.match(failureOf(ended(0, 3), false, []) ?? "", /3 resources changed, expected none/);
    assert.match(failureOf(ended(0, 3), true, ["w1: no"]) ?? "", /1 commands? failed on hosts, the first: w1: no/);
  });

  it("takes the middle", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });
});
