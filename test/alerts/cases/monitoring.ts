import { held, spell, type AlertCase } from "../support/cases.ts";

const replicaDown = (alert: string, job: string, what: string): AlertCase => ({
  alert,
  series: { [`up{job="${job}", instance="w1"}`]: spell(1, 0, 20), [`up{job="${job}", instance="w2"}`]: held([1, 60]) },
  from: 15,
  until: 25,
  sent: [
    {
      labels: { job, instance: "w1", severity: "warning" },
      summary: `the ${what} w1 has not answered for 10 minutes: the other one is alone`,
    },
  ],
});

export const monitoringCases: readonly AlertCase[] = [
  {
    alert: "Watchdog",
    series: {},
    from: 0,
    still: [60],
    until: "never",
    sent: [
      {
        labels: { severity: "none", scope: "watchdog" },
        summary: "alerts arrive: this one is always on, and whoever gets it raises an alarm when it stops",
      },
    ],
  },
  {
    alert: "CauseEnded",
    series: {
      'up{job="apiserver", instance="cp1"}': spell(1, 0, 20),
      'up{job="apiserver", instance="cp2"}': held([1, 90]),
      'up{job="coredns", instance="w1"}': held([1, 90]),
    },
    // ApiServerDown fires from step 10 to 24.
    from: 10,
    still: [28],
    until: 54,
    sent: ["30m", "5m"].map((within) => ({
      labels: { cause: "ApiServerDown", job: "apiserver", instance: "cp1", within, severity: "none" },
      summary: `ApiServerDown fires, or has ended within ${within}: what follows from it is not told meanwhile`,
    })),
  },
  {
    alert: "TargetDown",
    series: {
      'up{job="kubelet", instance="w1", metrics_path="/metrics"}': held([1, 60]),
      'up{job="kubelet", instance="w1", metrics_path="/metrics/cadvisor"}': spell(1, 0, 20),
      'up{job="kubelet", instance="w1", metrics_path="/metrics/probes"}': spell(1, 0, 20),
      'up{job="apiserver", instance="cp1"}': held([0, 60]),
    },
    from: 15,
    until: 25,
    sent: [
      {
        labels: { job: "kubelet", instance: "w1", severity: "warning" },
        summary: "kubelet of w1 has told no figures for 10 minutes",
      },
    ],
  },
  replicaDown("PrometheusReplicaDown", "prometheus", "Prometheus"),
  replicaDown("AlertmanagerReplicaDown", "alertmanager", "Alertmanager"),
  {
    alert: "NotificationsFail",
    series: {
      'alertmanager_notifications_total{job="alertmanager", instance="w1", integration="webhook"}': "0+1x70",
      'alertmanager_notifications_failed_total{job="alertmanager", instance="w1", integration="webhook", reason="serverError"}':
        "0x4 1+1x24 25x40",
      'alertmanager_notifications_total{job="alertmanager", instance="w1", integration="email"}': "0+1x70",
      'alertmanager_notifications_failed_total{job="alertmanager", instance="w1", integration="email", reason="other"}':
        held([0, 70]),
    },
    from: 10,
    until: 43,
    sent: [
      {
        labels: { integration: "webhook", severity: "critical" },
        summary: "60% of the notifications by webhook fail: alerts do not arrive",
      },
    ],
  },
  {
    alert: "RulesFail",
    series: {
      'prometheus_rule_evaluation_failures_total{job="prometheus", instance="w1", rule_group="rules.yaml;plinth-etcd"}':
        "0x4 2x40",
    },
    from: 10,
    until: 19,
    sent: [
      {
        labels: { rule_group: "rules.yaml;plinth-etcd", severity: "critical" },
        summary:
          "rules of rules.yaml;plinth-etcd could not be evaluated 2 times within a quarter of an hour: what they watch is not watched",
      },
    ],
  },
  {
    alert: "RemoteWriteBehind",
    series: {
      'prometheus_remote_storage_queue_highest_sent_timestamp_seconds{job="prometheus", instance="w1", remote_name="archive", url="https://archive.example.net"}': `${held([0, 30])} 1800+60x10`,
    },
    from: 21,
    until: 30,
    sent: [
      {
        labels: { instance: "w1", remote_name: "archive", severity: "warning" },
        summary: "the remote storage archive is 21m 0s behind w1",
      },
    ],
  },
];
