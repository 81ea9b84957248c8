/** What the command line writes for a Prometheus and a Grafana of one's own, by Prometheus' own tool. */

import { renderDashboards } from "../../plan/dashboards/index.ts";
import { prometheusFiles } from "../../plan/metrics/files.ts";
import { renderYaml } from "../../plan/yaml.ts";
import { selfSigned } from "../support/certificates.ts";
import { Judged } from "./support/promtool.ts";
import { config, hosts } from "./support/world.ts";

describe("files for those who have their own", () => {
  const judged = new Judged();
  after(() => {
    judged.remove();
  });

  it("are a configuration for Prometheus", () => {
    const { certificate, key } = selfSigned("DNS:x");
    for (const name of ["ca.crt", "reader.crt"]) judged.write(name, certificate);
    judged.write("reader.key", key);
    for (const { path, text } of prometheusFiles(hosts, config, { identity: judged.folder })) judged.write(path, text);
    const text = renderYaml({ scrape_config_files: ["scrape.yaml", "scrape-pods.yaml"], rule_files: ["rules.yaml"] });
    judged.passes(
      "promtool",
      ...["check", "config", "--lint=all", "--lint-fatal", judged.write("prometheus.yaml", text)],
    );
  });

  it("ask Prometheus in dashboards for what it can answer", () => {
    const models = renderDashboards().map(
      ({ text }) => JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] },
    );
    const asked = models.flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
    const rules = [...new Set(asked)].map((expr, index) => ({
      record: `asked:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const file = judged.write("dashboards.yaml", renderYaml({ groups: [{ name: "dashboards", rules }] }));
    judged.passes("promtool", "check", "rules", file);
  });
});
