import { factsFile } from "../../../plan/names.ts";
import { held, spell, type AlertCase } from "../support/cases.ts";

const unit = (name: string, instance = "w1") =>
  `node_systemd_unit_state{job="node", instance="${instance}", name="${name}", state="active", type="notify"}`;
const cordoned = 'kube_node_spec_unschedulable{job="kube-state-metrics", instance="w2", node="w1"}';
const hostDown = {
  labels: { instance: "w1", severity: "critical", scope: "host" },
  summary: "w1 has told no figures for 3 minutes: the host, its network or all of its services are down",
};
const serviceDown = (name: string, job: string, instance: string) => ({
  labels: { instance, job, name, state: "active", type: "notify", severity: "warning" },
  summary: `${name} of ${instance} has run for 0% of the last 5 minutes`,
});
const written = `node_textfile_mtime_seconds{job="node", instance="w1", file="${factsFile}"}`;

export const hostCases: readonly AlertCase[] = [
  {
    alert: "HostDown",
    series: {
      'up{job="node", instance="w1"}': spell(1, 0, 10),
      'up{job="kubelet", instance="w1", metrics_path="/metrics"}': spell(1, 0, 10),
      'up{job="kubelet", instance="w1", metrics_path="/metrics/cadvisor"}': spell(1, 0, 10),
      'up{job="node", instance="w2"}': held([1, 30]),
    },
    from: 8,
    until: 15,
    sent: [hostDown],
  },
  {
    alert: "HostDown",
    title: "cordoned when it was dead already",
    series: { 'up{job="node", instance="w1"}': spell(1, 0, 10), [cordoned]: held([0, 6], [1, 20]) },
    from: 8,
    until: 15,
    sent: [hostDown],
  },
  {
    alert: "HostDown",
    title: "cordoned for work, and not back for half an hour",
    series: { 'up{job="node", instance="w1"}': held([1, 10], [0, 50], [1, 5]), [cordoned]: held([0, 5], [1, 65]) },
    from: 42,
    until: 60,
    sent: [hostDown],
  },
  {
    alert: "HostDown",
    title: "its node_exporter alone",
    series: { 'up{job="node", instance="w1"}': held([0, 30]), 'up{job="kubelet", instance="w1"}': held([1, 30]) },
    steps: 30,
  },
  {
    alert: "HostServiceDown",
    series: { [unit("kubelet.service")]: held([1, 10], [0, 20], [1, 20]) },
    from: 17,
    until: 32,
    sent: [serviceDown("kubelet.service", "kubelet", "w1")],
  },
  {
    alert: "HostServiceDown",
    title: "of an API server, under the name of its job, and of HAProxy where it balances",
    series: {
      [unit("kube-apiserver.service", "cp1")]: held([1, 10], [0, 20], [1, 20]),
      [unit("haproxy.service", "cp1")]: held([1, 10], [0, 20], [1, 20]),
      'up{job="haproxy", instance="cp1"}': held([1, 10], [0, 20], [1, 20]),
    },
    from: 17,
    until: 32,
    sent: [serviceDown("kube-apiserver.service", "apiserver", "cp1"), serviceDown("haproxy.service", "haproxy", "cp1")],
  },
  {
    alert: "HostServiceDown",
    title: "a restart, and the service of a package that is there for something else",
    series: {
      [unit("kubelet.service")]: held([1, 10], [0, 2], [1, 20]),
      [unit("haproxy.service")]: held([0, 30]),
      [unit("apt-daily.service")]: held([0, 30]),
    },
    steps: 30,
  },
  {
    alert: "ServiceRestarting",
    series: { 'process_start_time_seconds{job="etcd", instance="cp1"}': "0+60x6 360x60" },
    from: 6,
    until: 60,
    sent: [
      {
        labels: { job: "etcd", instance: "cp1", severity: "warning" },
        summary: "etcd of cp1 has begun anew 6 times within an hour: it ends again and again",
      },
    ],
  },
  {
    alert: "FactsStale",
    series: {
      'node_time_seconds{job="node", instance="w1"}': "0+60x50",
      [written]: `${held([0, 30])} 1800+60x20`,
    },
    from: 21,
    until: 30,
    sent: [
      {
        labels: { instance: "w1", severity: "warning" },
        summary:
          "what Plinth knows of w1 was written down 21m 0s ago: its certificates, bundles and virtual IPs are not watched",
      },
    ],
  },
  {
    alert: "FactsStale",
    title: "never written",
    series: {
      'node_time_seconds{job="node", instance="w1"}': "1700000000+60x40",
      [written]: `${held(["_", 20])} 1700001200+60x20`,
    },
    from: 10,
    until: 20,
    sent: [
      {
        labels: { instance: "w1", severity: "warning" },
        summary:
          "what Plinth knows of w1 was never written down: its certificates, bundles and virtual IPs are not watched",
      },
    ],
  },
  {
    alert: "HostRebootRequired",
    title: "with a while without figures in it",
    interval: "30m",
    series: {
      'plinth_reboot_required{job="node", instance="w1"}': held([1, 100], ["stale", 1], [1, 300], [0, 5]),
    },
    from: 336,
    until: 401,
    sent: [
      {
        labels: { job: "node", instance: "w1", severity: "warning" },
        summary: "w1 has waited for a reboot for a week",
      },
    ],
  },
];
