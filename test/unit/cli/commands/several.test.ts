import assert from "node:assert/strict";
import { commandLine } from "../../../../cli/app.ts";
import { passedOn } from "../../../../cli/commands/several.ts";

describe("a command for several stacks", () => {
  it("tells the run of each stack everything but what is the whole's own", () => {
    assert.deepEqual(passedOn(["--stacks", "prod,prod-*", "--yes", "--diff"]), ["--yes", "--diff"]);
    assert.deepEqual(passedOn(["--yes", "--stacks=prod", "--at-once", "4", "--override", "memory"]), [
      ...["--yes", "--override", "memory"],
    ]);
    assert.deepEqual(passedOn(["--out=review.md", "--stacks", "prod", "--json"]), ["--json"]);
  });

  it("is there for what looks at stacks and brings them up", () => {
    const withStacks = commandLine().commands.filter(({ options }) => options.some(({ long }) => long === "--stacks"));
    assert.deepEqual(withStacks.map((command) => command.name()).sort(), [
      "drift",
      "preview",
      "review",
      "status",
      "up",
    ]);
  });
});
