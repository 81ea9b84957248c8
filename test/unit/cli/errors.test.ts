import assert from "node:assert/strict";
import { CliError, describeError, exitCodeOf, isProgramFindings, QuietExit } from "../../../cli/errors.ts";
import { Exit } from "../../../cli/exit.ts";
import { PlinthError, type Finding } from "../../../plan/findings.ts";

function finding(kind: Finding["kind"]): Finding {
  return { rule: "some-rule", kind, hosts: ["cp1"], message: "is wrong", remedy: "make it right" };
}

describe("errors of the command line", () => {
  it("maps findings to the exit codes of the design", () => {
    assert.equal(exitCodeOf(new PlinthError([finding("input")])), Exit.badInput);
    assert.equal(exitCodeOf(new PlinthError([finding("guard")])), Exit.refused);
    assert.equal(exitCodeOf(new PlinthError([finding("guard"), finding("input")])), Exit.badInput);
  });

  it("uses the code an error carries, and 1 for anything else", () => {
    assert.equal(exitCodeOf(new CliError("no")), Exit.failed);
    assert.equal(exitCodeOf(new CliError("no", Exit.badInput)), Exit.badInput);
    assert.equal(exitCodeOf(new QuietExit(7)), 7);
    assert.equal(exitCodeOf(new TypeError("x")), Exit.failed);
    assert.equal(exitCodeOf("x"), Exit.failed);
  });

  it("does not take other errors with a kind for findings", () => {
    assert.equal(isProgramFindings(Object.assign(new Error("x"), { kind: "auth" })), false);
    assert.equal(isProgramFindings({ kind: "input", findings: [] }), false);
  });

  it("prints the message alone, and stack traces with their causes only when debugging", () => {
    const error = new CliError("It failed.", Exit.failed, { cause: new Error("deeper") });
    assert.equal(describeError(error, false), "It failed.");
    assert.match(describeError(error, true), /errors\.test\.ts[\s\S]*caused by: Error: deeper/);
    assert.equal(describeError(new QuietExit(1), true), "");
  });
});
