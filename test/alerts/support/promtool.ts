import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { alertGroups, renderRules } from "../../../plan/alerts/index.ts";
import type { Firing } from "../../../plan/alerts/inhibitions.ts";
import { renderYaml } from "../../../plan/yaml.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { isQuiet, type AlertCase, type Sent, type Series } from "./cases.ts";

/** Where the pages are for these tests. */
const pages = "https://docs.example.net/alerts";

/** A folder with the rules, and what tools of the field say of files in it. */
export class Judged {
  readonly folder = mkdtempSync(path.join(tmpdir(), "plinth-alerts-"));
  readonly rules = this.write("rules.yaml", renderRules(pages));

  /** @returns its path. */
  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  /** Runs `promtool` or `amtool`, and expects that it has nothing to say against it. */
  passes(tool: "promtool" | "amtool", ...words: readonly string[]): void {
    const name = `PLINTH_${tool.toUpperCase()}`;
    const command = process.env[name] ?? assert.fail(`${name} is not set: run these tests by ./plinth test alerts`);
    const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
    assert.equal(status, 0, error?.message ?? `${stdout}${stderr}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const minutesOf = (interval: string): number => Number.parseInt(interval, 10) * (interval.endsWith("h") ? 60 : 1);

const inputOf = (series: Series) => Object.entries(series).map(([name, values]) => ({ series: name, values }));

/** A file for `promtool test rules`. */
const testFile = (rules: string, interval: string, test: Record<string, unknown>): string =>
  renderYaml({
    rule_files: [rules],
    evaluation_interval: interval,
    group_eval_order: alertGroups.map(({ name }) => name),
    tests: [{ interval, ...test }],
  });

/** A case of one alert as such a file. */
export function caseFile(rules: string, one: AlertCase): string {
  const { alert, title = alert, interval = "1m", start, series } = one;
  const sentAt = (step: number, sent: readonly Sent[]) => ({
    eval_time: `${step * minutesOf(interval)}m`,
    alertname: alert,
    exp_alerts: sent.map(({ labels, summary }) => ({
      exp_labels: labels,
      exp_annotations: { summary, runbook_url: `${pages}/${alert}.md` },
    })),
  });
  const checks = isQuiet(one)
    ? Array.from({ length: one.steps }, (_, step) => sentAt(step, []))
    : [
        ...(one.from === 0 ? [] : [sentAt(one.from - 1, [])]),
        ...[one.from, ...(one.still ?? [])].map((step) => sentAt(step, one.sent)),
        ...(one.until === "never" ? [] : [sentAt(one.until, [])]),
      ];
  return testFile(rules, interval, {
    name: title,
    ...(start === undefined ? {} : { start_timestamp: start }),
    input_series: inputOf(series),
    alert_rule_test: checks,
  });
}

const told = ["alertname", "instance", "job", "address", "deployment", "cause", "within"];
const fires = 'ALERTS{alertstate="firing", severity!="none"}';
const kept = 'ALERTS{alertstate="firing", alertname="CauseEnded"}';

const labelsOf = (alert: Firing): string =>
  `{${Object.entries(alert)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}}`;

/** That just these alerts of a selection fire at a step. */
const fired = (at: number, selection: string, alerts: readonly Firing[]) => ({
  expr: `count by (${told.join(", ")}) (${selection})`,
  eval_time: `${at}m`,
  exp_samples: alerts.map((alert) => ({ labels: labelsOf(alert), value: 1 })),
});

/** A scenario as such a file. That nothing fires is asked of all steps until the first moment, or of all. */
export function scenarioFile(rules: string, { title, steps, series, moments }: Scenario): string {
  const quietFor = (moments[0]?.at ?? steps - 1) + 1;
  return testFile(rules, "1m", {
    name: title,
    input_series: inputOf(series),
    promql_expr_test: [
      {
        expr: `count by (${told.join(", ")}) (count_over_time(${fires}[${quietFor}m]))`,
        eval_time: `${quietFor - 1}m`,
        exp_samples: [],
      },
      ...moments.flatMap(({ at, firing, ended }) => [
        fired(at, fires, firing),
        ...(ended === undefined ? [] : [fired(at, kept, ended)]),
      ]),
    ],
  });
}
