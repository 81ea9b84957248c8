import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { source, type AnyPanel } from "./panels.ts";

/** Panels below one heading. */
export interface Row {
  title: string;
  panels: readonly AnyPanel[];
}

export interface DashboardText {
  /** Also the name of its file, and with `plinth-` before it the uid by which Grafana knows it again. It never changes. */
  name: string;
  title: string;
  /** What questions it answers. */
  description: string;
  /** Whether whoever looks chooses hosts: panels have them as `instance=~"$host"`. */
  byHost?: true;
  rows: readonly Row[];
}

/** All dashboards of Plinth have it, and show links to each other by it. */
const tag = "plinth";

const hosts = () =>
  new QueryVariableBuilder("host")
    .label("host")
    .datasource(source)
    .query('label_values(up{job="node"}, instance)')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current({ text: ["All"], value: ["$__all"], selected: true });

/** Where somebody has run `up`, in every picture: most of what changes begins there. */
const runs = () =>
  new AnnotationQueryBuilder()
    .name("up")
    .datasource(source)
    .enable(true)
    .iconColor("blue")
    .expr('max(changes(plinth_last_run_timestamp_seconds{kind="up"}[$__interval])) > 0')
    .titleFormat("./plinth up")
    .step("1m");

/**
 * A dashboard as Grafana imports it. It is in Grafana's first model of dashboards, which all of its versions read; the second is for the
 * latest ones alone.
 */
export function dashboard({ name, title, description, byHost, rows }: DashboardText) {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the model that is preferred is not read by Grafana 11 and before
  const builder = new DashboardBuilder(`Plinth / ${title}`)
    .uid(`plinth-${name}`)
    .description(description)
    .tags([tag])
    .time({ from: "now-6h", to: "now" })
    .refresh("1m")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .annotation(runs())
    .link(
      new DashboardLinkBuilder("Plinth")
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    );
  if (byHost === true) builder.withVariable(hosts());
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  const built = builder.build();
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  return built;
}

/** A dashboard in that model. */
export type DashboardModel = ReturnType<typeof dashboard>;
