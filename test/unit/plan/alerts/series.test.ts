import assert from "node:assert/strict";
import { alertGroups, allAlerts } from "../../../../plan/alerts/index.ts";
import { checkExpression } from "../../../support/metricnames.ts";

const records = Object.fromEntries(alertGroups.flatMap((group) => Object.entries(group.records ?? {})));

describe("series of alerts", () => {
  it("are told by somebody, and have the labels that they are chosen and joined by", () => {
    for (const { name, expr } of allAlerts) checkExpression(expr, name, records);
    for (const [name, expr] of Object.entries(records)) checkExpression(expr, name, records);
  });

  it("have the labels that summaries name", () => {
    for (const { name, expr, summary } of allAlerts) {
      const labels = checkExpression(expr, name, records);
      for (const [, label = ""] of summary.matchAll(/\$labels\.(\w+)/g))
        assert.ok(labels.has(label), `${name}: the summary names the label ${label}`);
    }
  });
});
