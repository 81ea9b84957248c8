import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Panel,
  type Threshold,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** The Prometheus that whoever looks has chosen. */
export const source = { type: "prometheus", uid: "${datasource}" };

/** A query, and what its series are called: a template such as `{{instance}}`. */
export type Query = readonly [expr: string, legend: string];

/** What every panel says of itself. */
export interface PanelText {
  title: string;
  /** What it shows, and what is not as it should be: Grafana shows it beside the title. */
  tells: string;
  /** A unit of Grafana; the SDK's `units` has their names. Default: a plain number. */
  unit?: string;
  /** Columns, of 24. Default: 12; numbers have 4. */
  width?: number;
}

/** From which value on something is not as it should be; with `below`, below which. */
export type Limits = { orange?: number; red?: number } | { orange: number; red: number; below: true };

/** Lines over time. */
export interface GraphText extends PanelText {
  queries: readonly Query[];
  /** Whether the series make a sum. */
  stacked?: true;
  /** The value of a full axis, such as 1 for shares. */
  most?: number;
  /** A line in red where it becomes bad. */
  limit?: number;
}

/** Where a scale has its colours, as Grafana takes them: from small to large, the first without a beginning. */
function colours(limits: Limits): Threshold[] {
  const from = (value: number | undefined, color: string) => (value === undefined ? [] : [{ value, color }]);
  return "below" in limits
    ? [{ value: null, color: "red" }, ...from(limits.red, "orange"), ...from(limits.orange, "green")]
    : [{ value: null, color: "green" }, ...from(limits.orange, "orange"), ...from(limits.red, "red")];
}

const thresholds = (steps: Threshold[]): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);

/** Names of queries within a panel: A, B, C. */
const refId = (index: number): string => String.fromCharCode("A".charCodeAt(0) + index);

const ranges = (queries: readonly Query[]): Builder<Dataquery>[] =>
  queries.map(([expr, legend], index) =>
    new DataqueryBuilder().refId(refId(index)).range().expr(expr).legendFormat(legend),
  );

const legend = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true);

export function graph({ title, tells, unit = "short", width = 12, queries, stacked, most, limit }: GraphText) {
  const panel = new GraphBuilder()
    .title(title)
    .description(tells)
    .datasource(source)
    .unit(unit)
    .min(0)
    .span(width)
    .height(8)
    .lineWidth(1)
    .fillOpacity(stacked === true ? 40 : 8)
    .showPoints(VisibilityMode.Never)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(ranges(queries));
  if (stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (most !== undefined) panel.max(most);
  if (limit !== undefined)
    panel
      .thresholds(
        thresholds([
          { value: null, color: "transparent" },
          { value: limit, color: "red" },
        ]),
      )
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return panel;
}

/** The present value of each query, as a number. */
export function figure(text: PanelText & { queries: readonly Query[]; limits?: Limits; decimals?: number }) {
  const { title, tells, unit = "short", width = 4, queries, limits, decimals = 0 } = text;
  return new StatBuilder()
    .title(title)
    .description(tells)
    .datasource(source)
    .unit(unit)
    .decimals(decimals)
    .span(width)
    .height(4)
    .noValue("–")
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .graphMode(BigValueGraphMode.None)
    .colorMode(limits === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .textMode(queries.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .thresholds(thresholds(limits === undefined ? [{ value: null, color: "text" }] : colours(limits)))
    .targets(ranges(queries));
}

/** What a state is called and which colour it has, by its value. */
export type States = Readonly<Record<string, readonly [text: string, color: string]>>;

const mappingOf = (states: States): ValueMapping => ({
  type: MappingType.ValueToText,
  options: Object.fromEntries(
    Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }]),
  ),
});

/** Bars of states over time, one for each series. */
export function timeline(text: PanelText & { queries: readonly Query[]; states: States }) {
  const { title, tells, width = 12, queries, states } = text;
  return new TimelineBuilder()
    .title(title)
    .description(tells)
    .datasource(source)
    .span(width)
    .height(8)
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .legend(legend())
    .mappings([mappingOf(states)])
    .targets(ranges(queries));
}

/**
 * What a query comes to now, a row for each series.
 *
 * @param columns label → its heading, in this order; `Value` is the value.
 */
export function table(
  text: PanelText & { expr: string; columns: Readonly<Record<string, string>>; states?: States; limits?: Limits },
) {
  const { title, tells, unit = "short", width = 12, expr, columns, states, limits } = text;
  const names = Object.keys(columns);
  const panel = new TableBuilder()
    .title(title)
    .description(tells)
    .datasource(source)
    .span(width)
    .height(8)
    .filterable(true)
    .targets([new DataqueryBuilder().refId(refId(0)).instant().format(PromQueryFormat.Table).expr(expr)])
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true, ...(names.includes("Value") ? {} : { Value: true }) },
        indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
        renameByName: columns,
      },
    });
  const heading = columns["Value"];
  if (heading !== undefined)
    panel.overrideByName(heading, [
      { id: "unit", value: unit },
      ...(states === undefined ? [] : [{ id: "mappings", value: [mappingOf(states)] }]),
      ...(limits === undefined
        ? []
        : [
            { id: "thresholds", value: { mode: ThresholdsMode.Absolute, steps: colours(limits) } },
            { id: "custom.cellOptions", value: { type: "color-text" } },
          ]),
    ]);
  return panel;
}

/** Anything that stands in a dashboard. */
export type AnyPanel = Builder<Panel>;
