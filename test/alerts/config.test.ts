/** What Prometheus and Alertmanager are given, by their own tools. */

import { inhibitRules } from "../../plan/alerts/inhibitions.ts";
import { renderScrapeConfig } from "../../plan/metrics/scrape.ts";
import { renderYaml } from "../../plan/yaml.ts";
import { selfSigned } from "../support/certificates.ts";
import { Judged } from "./support/promtool.ts";
import { config, hosts } from "./support/world.ts";

describe("configuration of monitoring", () => {
  const judged = new Judged();
  after(() => {
    judged.remove();
  });

  it("of Prometheus: what it scrapes, with the rules", () => {
    const { certificate, key } = selfSigned("DNS:x");
    for (const name of ["ca.crt", "reader.crt"]) judged.write(name, certificate);
    judged.write("reader.key", key);
    const text = `${renderYaml({ rule_files: [judged.rules] })}${renderScrapeConfig(hosts, config, judged.folder)}`;
    judged.passes(
      "promtool",
      ...["check", "config", "--lint=all", "--lint-fatal", judged.write("prometheus.yaml", text)],
    );
  });

  it("of Alertmanager: which alerts follow from which", () => {
    const receiver = "nobody";
    const text = renderYaml({
      route: { receiver },
      receivers: [{ name: receiver }],
      inhibit_rules: inhibitRules(),
    });
    judged.passes("amtool", "check-config", judged.write("alertmanager.yaml", text));
  });
});
