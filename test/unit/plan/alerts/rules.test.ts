import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { bundles, bundlesOf } from "../../../../plan/bringup.ts";
import { alertGroups, allAlerts, renderRules } from "../../../../plan/alerts/index.ts";
import { watchedUnits } from "../../../../plan/alerts/rules/hosts.ts";
import { isQuiet } from "../../../alerts/support/cases.ts";
import { cases } from "../../../alerts/cases/index.ts";
import { config, hosts } from "../../../alerts/support/world.ts";
import { rawBackup } from "../../../support/backup.ts";
import { bundleOf, configOf } from "../../../support/cluster.ts";

const root = path.join(import.meta.dirname, "../../../..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const names = allAlerts.map(({ name }) => name);
const exprs = [
  ...allAlerts.map(({ expr }) => expr),
  ...alertGroups.flatMap(({ records = {} }) => Object.values(records)),
].join("\n");

describe("alerts", () => {
  it("each have a page and a test, and there is none of something else", () => {
    const pages = readdirSync(path.join(root, "docs/alerts")).map((file) => path.basename(file, ".md"));
    assert.deepEqual(names.toSorted(), pages.toSorted());
    assert.equal(new Set(names).size, names.length);
    const tested = new Set(cases.filter((one) => !isQuiet(one)).map(({ alert }) => alert));
    assert.deepEqual([...tested].toSorted(), names.toSorted());
    assert.ok(cases.every(({ alert }) => names.includes(alert)));
  });

  it("have pages that say what it means, where to look and what to do, and lead to pages that are there", () => {
    for (const name of names) {
      const page = read(`docs/alerts/${name}.md`);
      assert.deepEqual(page.match(/^#+ .*$/gm), [`# ${name}`, "## Look", "## Remedy"], name);
      assert.match(page, /\.\/plinth /, name);
      for (const [, target = ""] of page.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g))
        assert.ok(existsSync(path.join(root, "docs/alerts", target)), `${name}: ${target}`);
    }
  });

  it("are tested with a fault that begins, and with the end of it", () => {
    for (const one of cases) {
      if (isQuiet(one)) assert.ok(one.steps > 0);
      else if (one.until !== "never")
        assert.ok(
          (one.still ?? []).every((step) => step > one.from && step < Number(one.until)) && one.from < one.until,
        );
      else assert.equal(one.alert, "Watchdog");
    }
  });

  it("tell in a sentence of whom they speak, by labels that stay", () => {
    for (const { name, summary, expr } of allAlerts) {
      assert.doesNotMatch(summary, /[.!\n]$/, name);
      const said = [...summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
      const [, kept] = /^\(?(?:sum|max|min|count) by \(([\w, ]+)\)/.exec(expr) ?? [];
      if (kept !== undefined)
        assert.ok(
          said.every((label) => kept.split(", ").includes(label)),
          `${name}: ${said.join(", ")} of ${kept}`,
        );
    }
  });

  it("are pages or tickets, but for the one that is always on, and the one that keeps others silent", () => {
    assert.deepEqual(
      allAlerts.filter(({ severity }) => severity === "none").map(({ name }) => name),
      ["Watchdog", "CauseEnded"],
    );
    for (const { name, for: time = "0s" } of allAlerts) assert.match(time, /^\d+[smhd]$/, name);
  });

  it("go by figures of Plinth that hosts tell, and by series that are recorded", () => {
    const scripts = ["metrics/facts.sh", "backup/metrics.sh"].map((file) => read(`scripts/${file}`)).join("\n");
    const written = new Set([
      ...[...scripts.matchAll(/\bplinth_\w+/g)].map(([name]) => name),
      // backup/metrics.sh puts these together.
      ...["timestamp_seconds", "bytes", "keys"].map((name) => `plinth_backup_last_set_${name}`),
      ...["timestamp_seconds", "duration_seconds", "failed"].map((name) => `plinth_backup_drill_${name}`),
    ]);
    for (const [name] of exprs.matchAll(/\bplinth_\w+/g)) assert.ok(written.has(name), name);
    const recorded = alertGroups.flatMap(({ records = {} }) => Object.keys(records));
    for (const [name] of exprs.matchAll(/\bplinth:[\w:]+/g)) assert.ok(recorded.includes(name), name);
    assert.ok(recorded.every((name) => exprs.includes(name)));
  });

  it("watch every unit of bundles that has to be up, but for what brings the figures themselves", () => {
    const all = configOf({ metrics: {}, backup: rawBackup, vip: config.vip });
    const units = hosts.flatMap((host) => {
      const own = bundlesOf(host, all).map(({ name }) => name);
      return bundles
        .filter(({ name }) => own.includes(name))
        .flatMap(({ name }) => bundleOf(name, { host, hosts, config: all }))
        .flatMap(({ checks }) => checks.flatMap(({ name, unit }) => (name === "unit-active" ? [unit] : [])));
    });
    const unwatched = [...new Set(units)].filter((unit) => !watchedUnits.includes(unit));
    assert.deepEqual(unwatched.toSorted(), ["plinth-metrics.service", "plinth-node-exporter.service"]);
  });

  it("become rules with severity, sentence and page", () => {
    const { groups } = parse(renderRules("https://docs.example.net/alerts")) as {
      groups: { name: string; rules: Record<string, unknown>[] }[];
    };
    assert.deepEqual(
      groups.map(({ name }) => name),
      alertGroups.map(({ name }) => name),
    );
    const down = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === "HostDown");
    assert.deepEqual(down?.["labels"], { severity: "critical", scope: "host" });
    assert.equal(
      (down["annotations"] as Record<string, string>)["runbook_url"],
      "https://docs.example.net/alerts/HostDown.md",
    );
  });
});
