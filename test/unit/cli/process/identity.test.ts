import assert from "node:assert/strict";
import { findProcess, parseProcStat, readEnvironment } from "../../../../cli/process/identity.ts";

describe("processes", () => {
  it("reads names with blanks and parentheses", () => {
    const rest = ["S", "5", ...Array.from({ length: 17 }, () => "0"), "4711", "0"];
    assert.deepEqual(parseProcStat(`42 (a) b (c) ${rest.join(" ")}`), {
      pid: 42,
      startTicks: "4711",
      name: "a) b (c",
      parent: 5,
      state: "S",
    });
    assert.equal(parseProcStat("nonsense"), undefined);
  });

  it("finds this process, and none with an impossible pid", () => {
    assert.equal(findProcess(process.pid)?.pid, process.pid);
    assert.equal(findProcess(2 ** 22 + 1), undefined);
    assert.deepEqual(readEnvironment(2 ** 22 + 1), {});
    assert.equal(readEnvironment(process.pid)["PATH"], process.env["PATH"]);
  });
});
