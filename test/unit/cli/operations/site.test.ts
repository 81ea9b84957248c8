import assert from "node:assert/strict";
import { siteDocument, siteLines, type SiteResult } from "../../../../cli/operations/site.ts";

const results: SiteResult[] = [
  { turn: { name: "prod", code: 0 }, seconds: 61.25, stdout: '{"stack":"prod"}\n' },
  { turn: { name: "prod-pool-1", code: 3 }, seconds: 4, stdout: "" },
  { turn: { name: "prod-pool-2", leftOut: "prod" }, seconds: 0, stdout: "" },
];

describe("what a command for several stacks tells", () => {
  it("is one line for each", () => {
    assert.deepEqual(siteLines(results), [
      "Stacks",
      "  prod         done         61.3 s",
      "  prod-pool-1  refused      4.0 s",
      "  prod-pool-2  left out     prod is not done",
    ]);
  });

  it("is one document with the runs' own", () => {
    assert.deepEqual(siteDocument(results), {
      exitCode: 3,
      stacks: {
        prod: { exitCode: 0, seconds: 61.3, document: { stack: "prod" } },
        "prod-pool-1": { exitCode: 3, seconds: 4 },
        "prod-pool-2": { leftOut: "prod", seconds: 0 },
      },
    });
  });
});
