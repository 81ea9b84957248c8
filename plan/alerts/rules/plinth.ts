import { LATE_PART, NOTICE } from "../../expiry.ts";
import { kubeletCredentials } from "../../names.ts";
import type { AlertGroup } from "../alert.ts";
import { answers, factsWritten, hostTime } from "../promql.ts";

const kubelets = Object.values(kubeletCredentials).join("|").replaceAll(".", "\\\\.");
const isKubelets = `path=~"${kubelets}"`;
const others = `path!~"${kubelets}"`;

/**
 * Certificates with less of their life left than a part of it, or than some days where that is less.
 *
 * @param which selects by the label `path`; empty for all.
 */
const endsSoon = (which: string, part: number, days: number): string =>
  `plinth_certificate_expiry_timestamp_seconds{${which}} - time() < clamp_max(plinth_certificate_lifetime_seconds{${which}} / ${Math.round(1 / part)}, ${days * 86_400})`;

/** As `status` tells it; see plan/expiry.ts. */
const noticeDays = NOTICE / 86_400_000;

/** Who holds an address as of the last minutes: what a host wrote down before its timer died says nothing. */
const heldLately = `(plinth_virtual_ip_held and on (instance) ${hostTime} - ${factsWritten} < 180)`;

/** Hosts that may hold an address, are up, and do not tell whether they do. */
const silentHolders = `(max_over_time(plinth_virtual_ip_held[1d]) unless plinth_virtual_ip_held) and on (instance) max by (instance) (${answers}) == 1`;

const lastDrill = "plinth_backup_drill_timestamp_seconds";
const drillMost = "plinth_backup_drill_max_age_seconds";

/** Of what Plinth brings and looks after: virtual IPs, certificates, bundles, drift, backups. */
export const plinthAlerts: AlertGroup = {
  name: "plinth-own",
  alerts: [
    {
      name: "VirtualIpLost",
      severity: "critical",
      // Hosts write down once a minute whether they hold it.
      expr: `sum by (address) (plinth_virtual_ip_held) == 0 unless on (address) count by (address) (${silentHolders})`,
      for: "3m",
      summary: "no host holds {{ $labels.address }}: whoever comes by it finds nobody",
      labels: { scope: "cluster" },
    },
    {
      name: "VirtualIpTwice",
      severity: "critical",
      expr: `sum by (address) ${heldLately} > 1`,
      for: "3m",
      summary: "{{ $value }} hosts hold {{ $labels.address }} at the same time: they do not hear each other",
      labels: { scope: "cluster" },
    },
    {
      name: "VirtualIpFlapping",
      severity: "warning",
      // Each time one host loses it and another one gets it. A roll of three load balancers moves it three times at most.
      expr: "sum by (address) (changes(plinth_virtual_ip_held[30m])) > 6",
      for: "5m",
      summary:
        "{{ $labels.address }} was got or lost by hosts {{ $value }} times within half an hour: each time connections end",
      labels: { scope: "cluster" },
    },
    {
      name: "CertificateExpiring",
      severity: "warning",
      expr: `${endsSoon(others, LATE_PART.leaf, noticeDays)} or ${endsSoon(isKubelets, LATE_PART.kubelet, noticeDays)}`,
      for: "10m",
      summary: "{{ $labels.path }} of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}",
    },
    {
      name: "CertificateEnding",
      severity: "critical",
      expr: endsSoon("", 1 / 20, 7),
      for: "1m",
      summary:
        "{{ $labels.path }} of {{ $labels.instance }} {{ if gt $value 0.0 }}ends in {{ $value | humanizeDuration }}: then its service is refused{{ else }}has ended: its service is refused{{ end }}",
    },
    {
      name: "BundleUnfinished",
      severity: "warning",
      expr: 'plinth_bundle_state{state!="complete"} == 1',
      for: "1h",
      summary:
        "the bundle {{ $labels.bundle }} of {{ $labels.instance }} has been {{ $labels.state }} for an hour: a run has ended before its end",
    },
    {
      name: "DriftFound",
      severity: "warning",
      expr: "plinth_drift_differences > 0",
      for: "15m",
      summary: "{{ $labels.instance }} differs in {{ $value }} things from what was left there",
    },
    {
      name: "BackupFailed",
      severity: "warning",
      // One member that could store it is enough.
      expr: "min by (target, kind) (plinth_backup_failed) == 1",
      for: "1h",
      summary: "no set of {{ $labels.kind }} could be stored on {{ $labels.target }} for an hour",
      labels: { scope: "cluster" },
    },
    {
      name: "BackupStale",
      severity: "critical",
      expr: 'time() - max by (target) (plinth_backup_last_set_timestamp_seconds{kind="data"}) > 2 * scalar(max(plinth_backup_interval_seconds))',
      for: "15m",
      summary: "the newest set of data on {{ $labels.target }} is {{ $value | humanizeDuration }} old",
      labels: { scope: "cluster" },
    },
    {
      name: "DrillFailed",
      severity: "critical",
      // A member that was down has an older record.
      expr: `max(plinth_backup_drill_failed and on (instance) (${lastDrill} == scalar(max(${lastDrill})))) == 1`,
      for: "5m",
      summary: "the last restore drill has failed: nobody knows whether what was backed up can be restored",
      labels: { scope: "cluster" },
    },
    {
      name: "DrillOverdue",
      severity: "warning",
      expr: `time() - max(${lastDrill}) > max(${drillMost}) or (vector(time()) and on () ${drillMost} unless on () ${lastDrill})`,
      for: "1h",
      summary:
        "{{ if gt $value 1e9 }}there has been no restore drill{{ else }}the last restore drill was {{ $value | humanizeDuration }} ago{{ end }}",
      labels: { scope: "cluster" },
    },
  ],
};
