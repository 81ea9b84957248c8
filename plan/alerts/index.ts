import { renderYaml } from "../yaml.ts";
import type { Alert, AlertGroup } from "./alert.ts";
import { etcdAlerts } from "./rules/etcd.ts";
import { hostAlerts } from "./rules/hosts.ts";
import { kubernetesAlerts } from "./rules/kubernetes.ts";
import { machineAlerts } from "./rules/machines.ts";
import { monitoringAlerts } from "./rules/monitoring.ts";
import { plinthAlerts } from "./rules/plinth.ts";

/** Everything that somebody must act on, and nothing else. The first group has the series that the others go by. */
export const alertGroups: readonly AlertGroup[] = [
  hostAlerts,
  machineAlerts,
  etcdAlerts,
  kubernetesAlerts,
  plinthAlerts,
  monitoringAlerts,
];

/** All of them. */
export const allAlerts: readonly Alert[] = alertGroups.flatMap(({ alerts }) => alerts);

/** Where the page of an alert is, in the documentation of a release. */
const pageOf = ({ name }: Alert, pages: string): string => `${pages}/${name}.md`;

/** Folder of the pages in a clone of Plinth. */
export const ownPages = "docs/alerts";

/**
 * Rules for Prometheus, as `groups` of a file of rules, or of a PrometheusRule.
 *
 * They go by the labels of plan/metrics/scrape.ts: `job`, and `instance`, which is the host's name. Of what runs in pods (`coredns`,
 * `kube-state-metrics`, `prometheus`, `alertmanager`) `instance` is the name of the Node, and the two replicas of `prometheus` and of
 * `alertmanager` are targets whether they are there or not.
 *
 * @param pages address of the folder with the pages of alerts, without a slash at its end.
 */
export function ruleGroups(pages: string): { name: string; rules: Record<string, unknown>[] }[] {
  return alertGroups.map(({ name, records = {}, alerts }) => ({
    name,
    rules: [
      ...Object.entries(records).map(([record, expr]) => ({ record, expr })),
      ...alerts.map((alert) => ({
        alert: alert.name,
        expr: alert.expr,
        ...(alert.for === undefined ? {} : { for: alert.for }),
        labels: { severity: alert.severity, ...alert.labels },
        annotations: { summary: alert.summary, runbook_url: pageOf(alert, pages) },
      })),
    ],
  }));
}

/**
 * The same as YAML, a file for `rule_files`.
 *
 * @param pages Default: the folder in a clone.
 */
export function renderRules(pages = ownPages): string {
  return renderYaml({ groups: ruleGroups(pages) });
}
