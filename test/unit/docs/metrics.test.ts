import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../../home.ts";
import { dashboards } from "../../../plan/dashboards/index.ts";
import { roles } from "../../../plan/inventory.ts";
import { endpointsOf } from "../../../plan/metrics/endpoints.ts";
import { metricsSchema } from "../../../plan/metrics/settings.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { documentedMetrics } from "../../support/metricnames.ts";
import { markdownTable, matchSection } from "../../support/snapshot.ts";

const read = (path: string): string => readFileSync(join(home, path), "utf8");

/** Names that the scripts of hosts write for node_exporter. */
function toldByScripts(): string[] {
  const facts = [...read("scripts/metrics/facts.sh").matchAll(/\b(?:gauge |family\(")(plinth_\w+)/g)].map(
    ([, name = ""]) => name,
  );
  const backup = read("scripts/backup/metrics.sh");
  const whole = [...backup.matchAll(/# TYPE (plinth_backup_\w*[a-z]) gauge/g)].map(([, name = ""]) => name);
  const sets = [...backup.matchAll(/^ +record_metric (\w+)/gm)].map(
    ([, name = ""]) => `plinth_backup_last_set_${name}`,
  );
  const [, list = ""] = /<<'METRICS'\n([^]*?)\nMETRICS/.exec(backup) ?? [];
  const drill = list.split("\n").map((line) => `plinth_backup_drill_${line.split(" ")[0] ?? ""}`);
  for (const found of [facts, whole, sets, drill]) assert.ok(found.length > 0);
  return [...facts, ...whole, ...sets, ...drill].toSorted();
}

describe("docs/metrics.md", () => {
  it("has every figure of Plinth's, and no other", () => {
    assert.deepEqual([...documentedMetrics().keys()].toSorted(), toldByScripts());
  });

  it("tells what answers, where, on which hosts", async () => {
    const config = configOf({ metrics: {} });
    const hosts = hostsOf(roles.map((role, index) => ({ name: role, address: `192.0.2.${index + 1}`, roles: [role] })));
    const told = hosts.flatMap((host) => endpointsOf(host, config).map((endpoint) => ({ role: host.name, endpoint })));
    const rows = new Map<string, string[]>();
    for (const { endpoint } of told) {
      const { job, port, path, upstream } = endpoint;
      const on = told.filter((one) => one.endpoint.job === job && one.endpoint.path === path).map(({ role }) => role);
      rows.set(`${job} ${path}`, [
        `\`${job}\``,
        `\`https://HOST:${port}${path}\``,
        on.length === roles.length ? "all hosts of the cluster" : on.map((role) => `\`${role}\``).join(", "),
        upstream === undefined ? "itself" : `\`127.0.0.1:${upstream.port}${upstream.path}\`, behind the proxy`,
      ]);
    }
    await matchSection(
      "metrics.md",
      "answers",
      markdownTable([["job", "address", "on hosts with the role", "who answers"], ...rows.values()]),
    );
  });

  it("has the dashboards", async () => {
    const rows = Object.entries(dashboards).map(([name, { title = "", description = "" }]) => [
      `\`${name}.json\``,
      title,
      description,
    ]);
    await matchSection("metrics.md", "dashboards", markdownTable([["file", "title", "shows"], ...rows]));
  });

  it("has the defaults of the settings", () => {
    const text = read("docs/metrics.md");
    const told = Object.entries(metricsSchema.parse({})).map(([key, value]) => [
      key,
      Array.isArray(value) ? `[${value.join(", ")}]` : String(value),
    ]);
    const rows = [...text.matchAll(/^\| `(\w+)` +\| `([^`]*)` +\|/gm)].map(([, key = "", value = ""]) => [key, value]);
    assert.deepEqual(rows.slice(0, told.length), told);
  });
});
