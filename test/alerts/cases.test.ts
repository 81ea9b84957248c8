/** Each alert by its own faults: `promtool test rules`. */

import { cases } from "./cases/index.ts";
import { caseFile, Judged } from "./support/promtool.ts";

describe("alerts", () => {
  const judged = new Judged();
  after(() => {
    judged.remove();
  });

  it("are rules that promtool finds nothing wrong with", () => {
    judged.passes("promtool", "check", "rules", "--lint=all", "--lint-fatal", judged.rules);
  });

  for (const [index, one] of cases.entries()) {
    const { alert, title } = one;
    const what = "steps" in one ? "stays silent" : "fires when its time has come, with its numbers, and ends";
    it(`${alert} ${what}${title === undefined ? "" : `: ${title}`}`, () => {
      judged.passes("promtool", "test", "rules", judged.write(`case-${index}.yaml`, caseFile(judged.rules, one)));
    });
  }
});
