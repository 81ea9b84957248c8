/** A whole cluster, by all rules at once: what fires, and that nothing does when things are done on purpose. */

import { scenarios } from "./scenarios/index.ts";
import { Judged, scenarioFile } from "./support/promtool.ts";

describe("alerts of a whole cluster", () => {
  const judged = new Judged();
  after(() => {
    judged.remove();
  });

  for (const [index, scenario] of scenarios.entries())
    it(
      scenario.moments.length === 0 ? `tell nobody of ${scenario.title}` : `fire as they shall: ${scenario.title}`,
      () => {
        judged.passes(
          "promtool",
          ...["test", "rules", judged.write(`scenario-${index}.yaml`, scenarioFile(judged.rules, scenario))],
        );
      },
    );
});
