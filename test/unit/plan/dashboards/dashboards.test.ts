import assert from "node:assert/strict";
import { dashboards, renderDashboards } from "../../../../plan/dashboards/index.ts";
import { checkExpression } from "../../../support/metricnames.ts";

/** What the tests look at of a dashboard in Grafana's model. */
interface Model {
  uid: string;
  title: string;
  tags: string[];
  templating: { list: { name: string; type: string; query: string }[] };
  annotations: { list: { expr: string; datasource: unknown }[] };
  panels: {
    id: number;
    type: string;
    title: string;
    description?: string;
    datasource?: unknown;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { refId: string; expr: string; legendFormat?: string }[];
  }[];
}

const source = { type: "prometheus", uid: "${datasource}" };
const models = new Map(renderDashboards().map(({ path, text }) => [path, JSON.parse(text) as Model]));
const panels = [...models.values()].flatMap(({ title, panels: own }) =>
  own.filter(({ type }) => type !== "row").map((panel) => ({ ...panel, where: `${title}: ${panel.title}` })),
);
const targets = panels.flatMap(({ where, targets: own = [] }) => own.map((target) => ({ ...target, where })));

describe("dashboards", () => {
  it("are one file for each subject, with a name by which Grafana knows them again", () => {
    const names = ["cluster", "etcd", "api", "node", "network", "backup", "changes"];
    assert.deepEqual(
      [...models.keys()],
      names.map((name) => `${name}.json`),
    );
    assert.deepEqual(
      [...models.values()].map(({ uid }) => uid),
      names.map((name) => `plinth-${name}`),
    );
  });

  it("are the same at each time, and nothing in them was left out", () => {
    assert.deepEqual(renderDashboards(), renderDashboards());
    for (const [name, model] of Object.entries(dashboards))
      assert.deepEqual(JSON.parse(JSON.stringify(model)), models.get(`${name}.json`));
    for (const { text } of renderDashboards()) assert.doesNotMatch(text, /undefined|NaN|\[object/);
  });

  it("let whoever looks choose the Prometheus, and ask no other", () => {
    for (const { title, templating, annotations } of models.values()) {
      assert.deepEqual(
        templating.list.filter(({ type }) => type === "datasource").map(({ name, query }) => [name, query]),
        [["datasource", "prometheus"]],
        title,
      );
      for (const { datasource } of annotations.list) assert.deepEqual(datasource, source, title);
    }
    for (const { where, datasource } of panels) assert.deepEqual(datasource, source, where);
  });

  it("have panels that say what they show, each with a number of its own", () => {
    for (const { title, panels: own } of models.values())
      assert.equal(new Set(own.map(({ id }) => id)).size, own.length, title);
    for (const { where, description = "", targets: own = [] } of panels) {
      assert.match(description, /^\S[^]*\.$/, where);
      assert.ok(own.length > 0, `${where} asks for something`);
      assert.equal(new Set(own.map(({ refId }) => refId)).size, own.length, where);
    }
    assert.equal(new Set(panels.map(({ where }) => where)).size, panels.length, "titles within a dashboard differ");
  });

  it("have panels beside and below each other, not upon each other", () => {
    for (const { title, panels: own } of models.values()) {
      const taken = new Set<string>();
      for (const { title: panel, gridPos } of own) {
        assert.ok(gridPos.x + gridPos.w <= 24, `${title}: ${panel} is within 24 columns`);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.ok(!taken.has(`${x} ${y}`), `${title}: ${panel} is upon another one`);
            taken.add(`${x} ${y}`);
          }
      }
    }
  });

  it("ask for series that somebody tells, by labels that they have", () => {
    for (const { where, expr } of targets) checkExpression(expr, where);
    for (const { title, annotations } of models.values())
      for (const { expr } of annotations.list) checkExpression(expr, title);
  });

  it("call series by labels that they have", () => {
    for (const { where, expr, legendFormat = "" } of targets) {
      const labels = checkExpression(expr, where);
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        assert.ok(labels.has(label), `${where}: ${label}`);
    }
  });

  it("let hosts be chosen where panels go by that, and only there", () => {
    for (const { title, templating, panels: own } of models.values()) {
      const chosen = own.some(({ targets: some = [] }) => some.some(({ expr }) => expr.includes("$host")));
      assert.equal(
        templating.list.some(({ name }) => name === "host"),
        chosen,
        title,
      );
    }
  });
});
