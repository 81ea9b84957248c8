import assert from "node:assert/strict";
import { parser } from "@prometheus-io/lezer-promql";

/** The series that a part of an expression asks for, and by what. */
export interface Selector {
  metric: string;
  /** Label → what it is compared with. */
  labels: ReadonlyMap<string, string>;
}

/** What an expression of Prometheus speaks of. */
export interface Expression {
  selectors: Selector[];
  /** Labels by which series are joined or summed up. */
  groupings: Set<string>;
  /** Labels that `label_replace` makes. */
  made: Set<string>;
}

/** What Grafana puts in their place. */
const intervals = /\$__(rate_)?interval/g;

/** @throws AssertionError where it is no valid PromQL, with the place. */
export function readExpression(promql: string): Expression {
  const text = promql.replaceAll(intervals, "5m");
  const found: Expression = { selectors: [], groupings: new Set(), made: new Set() };
  const textOf = ({ from, to }: { from: number; to: number }): string => text.slice(from, to);
  const unquoted = (literal: string): string => literal.slice(1, -1);
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      assert.ok(!type.isError, `${promql}: no valid PromQL at character ${node.from}`);
      if (type.name === "VectorSelector") {
        const identifier = node.getChild("Identifier");
        const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
        found.selectors.push({
          metric: identifier === null ? "" : textOf(identifier),
          labels: new Map(
            matchers.map((matcher) => {
              const [name, value] = [matcher.getChild("LabelName"), matcher.getChild("StringLiteral")];
              assert.ok(name !== null && value !== null);
              return [textOf(name), unquoted(textOf(value))];
            }),
          ),
        });
      }
      if (type.name === "GroupingLabels")
        for (const label of node.getChildren("LabelName")) found.groupings.add(textOf(label));
      if (type.name === "FunctionCall" && textOf(node).startsWith("label_replace")) {
        const literals = node.getChild("FunctionCallBody")?.getChildren("StringLiteral") ?? [];
        const [made] = literals;
        assert.ok(made !== undefined);
        found.made.add(unquoted(textOf(made)));
      }
    },
  });
  return found;
}
