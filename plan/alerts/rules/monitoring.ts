import { causeEnded } from "../aftermath.ts";
import type { AlertGroup } from "../alert.ts";
import { unlessWorkedOn } from "../promql.ts";

/** Of what watches all the others. */
export const monitoringAlerts: AlertGroup = {
  name: "plinth-monitoring",
  alerts: [
    {
      name: "Watchdog",
      severity: "none",
      expr: "vector(1)",
      summary: "alerts arrive: this one is always on, and whoever gets it raises an alarm when it stops",
      labels: { scope: "watchdog" },
    },
    causeEnded,
    {
      name: "TargetDown",
      severity: "warning",
      // These three have alerts of their own. A kubelet has several ways to its figures, and tells them by all or is down.
      expr: `min by (job, instance) (up{job!~"apiserver|prometheus|alertmanager"}) == 0 ${unlessWorkedOn}`,
      for: "10m",
      summary: "{{ $labels.job }} of {{ $labels.instance }} has told no figures for 10 minutes",
    },
    {
      name: "PrometheusReplicaDown",
      severity: "warning",
      expr: 'up{job="prometheus"} == 0',
      for: "10m",
      summary: "the Prometheus {{ $labels.instance }} has not answered for 10 minutes: the other one is alone",
    },
    {
      name: "AlertmanagerReplicaDown",
      severity: "warning",
      expr: 'up{job="alertmanager"} == 0',
      for: "10m",
      summary: "the Alertmanager {{ $labels.instance }} has not answered for 10 minutes: the other one is alone",
    },
    {
      name: "NotificationsFail",
      severity: "critical",
      expr: "sum by (integration) (rate(alertmanager_notifications_failed_total[15m])) / sum by (integration) (rate(alertmanager_notifications_total[15m])) > 0.01",
      for: "5m",
      summary:
        "{{ $value | humanizePercentage }} of the notifications by {{ $labels.integration }} fail: alerts do not arrive",
    },
    {
      name: "RulesFail",
      severity: "critical",
      expr: "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[15m])) > 0",
      for: "5m",
      summary:
        "rules of {{ $labels.rule_group }} could not be evaluated {{ $value | humanize }} times within a quarter of an hour: what they watch is not watched",
    },
    {
      name: "RemoteWriteBehind",
      severity: "warning",
      expr: "max by (instance, remote_name) (time() - prometheus_remote_storage_queue_highest_sent_timestamp_seconds) > 600",
      for: "10m",
      summary:
        "the remote storage {{ $labels.remote_name }} is {{ $value | humanizeDuration }} behind {{ $labels.instance }}",
    },
  ],
};
