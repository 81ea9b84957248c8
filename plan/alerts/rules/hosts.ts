import type { AlertGroup } from "../alert.ts";
import { answers, factsWritten, hostTime, objects, ofNodes, unlessWorkedOn, workedOn } from "../promql.ts";

/** Units that Plinth keeps running: those that are up for good, and timers. */
export const watchedUnits: readonly string[] = [
  ...["containerd", "etcd", "flanneld", "haproxy", "keepalived", "kubelet"].map((name) => `${name}.service`),
  ...["apiserver", "controller-manager", "proxy", "scheduler"].map((name) => `kube-${name}.service`),
  ...["connections", "rules", "serving-certificates"].map((name) => `plinth-${name}.service`),
  ...["backup", "etcd-care", "facts"].map((name) => `plinth-${name}.timer`),
];

/** Share of the last 5 minutes for which units were up. A mean, so that one that systemd starts again and again counts, too, and one that a change restarts does not. */
const active = (names: readonly string[]): string =>
  withJob(
    `avg_over_time(node_systemd_unit_state{state="active", name=~"${names.map((name) => name.replace(".", "\\\\.")).join("|")}"}[5m])`,
  );

/** By the name of their job, units and targets of one service are known for the same. */
const withJob = (expr: string): string =>
  `label_replace(label_replace(${expr}, "job", "$1", "name", "(.+)\\\\.(service|timer)"), "job", "apiserver", "name", "kube-apiserver\\\\.service")`;

const started =
  'process_start_time_seconds{job=~"apiserver|containerd|etcd|kube-controller-manager|kube-proxy|kube-scheduler|kubelet"}';

const cordoned = ofNodes(`kube_node_spec_unschedulable{${objects}}`);

/** Of hosts and their services: they are there. */
export const hostAlerts: AlertGroup = {
  name: "plinth-hosts",
  records: {
    "plinth:cordoned_host_up": `max by (instance) (${answers}) == 1 and on (instance) ${cordoned} == 1`,
    // Whoever cordons a host that is dead already has not planned it: that host stays down.
    [workedOn]: `max by (instance) (${cordoned}) == 1 and on (instance) max_over_time(plinth:cordoned_host_up[30m])`,
  },
  alerts: [
    {
      name: "HostDown",
      severity: "critical",
      expr: `max by (instance) (${answers}) == 0 ${unlessWorkedOn}`,
      for: "3m",
      summary:
        "{{ $labels.instance }} has told no figures for 3 minutes: the host, its network or all of its services are down",
      labels: { scope: "host" },
    },
    {
      name: "HostServiceDown",
      severity: "warning",
      // Every host has the package of HAProxy, for its figures; its service of that name is for load balancers.
      expr: `${active(watchedUnits.filter((name) => name !== "haproxy.service"))} < 0.5 or ${active(["haproxy.service"])} < 0.5 and on (job, instance) up`,
      for: "5m",
      summary:
        "{{ $labels.name }} of {{ $labels.instance }} has run for {{ $value | humanizePercentage }} of the last 5 minutes",
    },
    {
      name: "ServiceRestarting",
      severity: "warning",
      // Often within an hour, and lately: it ends soon after its cause has.
      expr: `changes(${started}[1h]) > 5 and changes(${started}[20m]) > 0`,
      summary:
        "{{ $labels.job }} of {{ $labels.instance }} has begun anew {{ $value }} times within an hour: it ends again and again",
    },
    {
      name: "FactsStale",
      severity: "warning",
      // Both times are the host's own. It has none where the file was never written.
      expr: `${hostTime} - ${factsWritten} > 600 or (${hostTime} unless ${factsWritten})`,
      for: "10m",
      summary:
        "what Plinth knows of {{ $labels.instance }} {{ if gt $value 1e9 }}was never written down{{ else }}was written down {{ $value | humanizeDuration }} ago{{ end }}: its certificates, bundles and virtual IPs are not watched",
    },
    {
      name: "HostRebootRequired",
      severity: "warning",
      // Minutes without figures do not begin the week anew.
      expr: "max_over_time(plinth_reboot_required[1h]) == 1 unless plinth_reboot_required == 0",
      for: "7d",
      summary: "{{ $labels.instance }} has waited for a reboot for a week",
    },
  ],
};
