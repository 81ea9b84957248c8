import { factsFile } from "../../../plan/names.ts";
import { held, spell, type AlertCase, type Series } from "../support/cases.ts";

const cluster = (severity: "critical" | "warning") => ({ severity, scope: "cluster" });
const address = "192.0.2.10";
const vip = (instance: string, values: string): Series => ({
  [`plinth_virtual_ip_held{job="node", instance="${instance}", address="${address}"}`]: values,
});
/** Hosts that write down what they know of themselves each minute, as of some step. */
const written = (instance: string, last = 60): Series => ({
  [`node_time_seconds{job="node", instance="${instance}"}`]: "0+60x60",
  [`node_textfile_mtime_seconds{job="node", instance="${instance}", file="${factsFile}"}`]: `0+60x${last} ${held([60 * last, 60])}`,
});

const leaf = "/etc/kubernetes/pki/apiserver.crt";
const kubelet = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const certificate = (path: string, ends: string, life: number): Series => ({
  [`plinth_certificate_expiry_timestamp_seconds{job="node", instance="cp1", path="${path}"}`]: ends,
  [`plinth_certificate_lifetime_seconds{job="node", instance="cp1", path="${path}"}`]: held([life, 200]),
});
const ofCertificate = (path: string) => ({ job: "node", instance: "cp1", path });
const day = 86_400;

const backup = (figure: string, instance: string, values: string, labels = ""): Series => ({
  [`plinth_backup_${figure}{job="node", instance="${instance}"${labels}}`]: values,
});
const set = ', target="vault", kind="data"';

export const plinthCases: readonly AlertCase[] = [
  {
    alert: "VirtualIpLost",
    series: { ...vip("cp1", spell(1, 0, 10)), ...vip("cp2", held([0, 40])) },
    from: 8,
    until: 15,
    sent: [
      {
        labels: { address, ...cluster("critical") },
        summary: `no host holds ${address}: whoever comes by it finds nobody`,
      },
    ],
  },
  {
    alert: "VirtualIpLost",
    title: "another host has it, and says so two minutes later",
    series: { ...vip("cp1", held([1, 5], ["stale", 1])), ...vip("cp2", held([0, 7], [1, 20])) },
    steps: 25,
  },
  {
    alert: "VirtualIpTwice",
    series: { ...vip("cp1", held([1, 40])), ...vip("cp2", spell(0, 1, 10)), ...written("cp1"), ...written("cp2") },
    from: 8,
    until: 15,
    sent: [
      {
        labels: { address, ...cluster("critical") },
        summary: `2 hosts hold ${address} at the same time: they do not hear each other`,
      },
    ],
  },
  {
    alert: "VirtualIpTwice",
    title: "the one that had it before has written nothing down since",
    series: {
      ...vip("cp1", held([1, 40])),
      ...vip("cp2", held([0, 5], [1, 40])),
      ...written("cp1", 2),
      ...written("cp2"),
    },
    steps: 30,
  },
  {
    alert: "VirtualIpFlapping",
    series: { ...vip("cp1", "1 0 1 0 1 0 1 0 1x60"), ...vip("cp2", "0 1 0 1 0 1 0 1 0x60") },
    from: 9,
    until: 34,
    sent: [
      {
        labels: { address, ...cluster("warning") },
        summary: `${address} was got or lost by hosts 16 times within half an hour: each time connections end`,
      },
    ],
  },
  {
    alert: "CertificateExpiring",
    interval: "10m",
    series: certificate(leaf, held([day, 112], [3 * day, 10]), day),
    from: 110,
    until: 112,
    sent: [
      {
        labels: { ...ofCertificate(leaf), severity: "warning" },
        summary: `${leaf} of cp1 ends in 5h 40m 0s`,
      },
    ],
  },
  {
    alert: "CertificateExpiring",
    title: "a kubelet that does not renew its own",
    interval: "10m",
    series: certificate(kubelet, held([day, 140], [3 * day, 10]), day),
    from: 134,
    until: 140,
    sent: [
      {
        labels: { ...ofCertificate(kubelet), severity: "warning" },
        summary: `${kubelet} of cp1 ends in 1h 40m 0s`,
      },
    ],
  },
  {
    alert: "CertificateExpiring",
    title: "a kubelet that renews its own when a tenth is left, and an authority with a hundred days",
    interval: "10m",
    series: {
      ...certificate(kubelet, held([day, 130], [2 * day, 10]), day),
      ...certificate("/etc/kubernetes/pki/ca.crt", held([100 * day, 200]), 3650 * day),
    },
    steps: 139,
  },
  {
    alert: "CertificateEnding",
    interval: "10m",
    series: certificate(leaf, held([day, 142], [3 * day, 10]), day),
    from: 138,
    until: 142,
    sent: [
      {
        labels: { ...ofCertificate(leaf), severity: "critical" },
        summary: `${leaf} of cp1 ends in 1h 0m 0s: then its service is refused`,
      },
    ],
  },
  {
    alert: "CertificateEnding",
    title: "one that has ended",
    interval: "10m",
    series: certificate(leaf, held([600, 10], [3 * day, 10]), day),
    from: 1,
    until: 10,
    sent: [
      {
        labels: { ...ofCertificate(leaf), severity: "critical" },
        summary: `${leaf} of cp1 has ended: its service is refused`,
      },
    ],
  },
  {
    alert: "BundleUnfinished",
    series: {
      'plinth_bundle_state{job="node", instance="w1", bundle="node", state="complete"}': spell(1, 0, 70),
      'plinth_bundle_state{job="node", instance="w1", bundle="node", state="half-done"}': spell(0, 1, 70),
      'plinth_bundle_state{job="node", instance="w1", bundle="node", state="failed"}': held([0, 90]),
    },
    from: 65,
    until: 75,
    sent: [
      {
        labels: { job: "node", instance: "w1", bundle: "node", state: "half-done", severity: "warning" },
        summary: "the bundle node of w1 has been half-done for an hour: a run has ended before its end",
      },
    ],
  },
  {
    alert: "DriftFound",
    series: { 'plinth_drift_differences{job="node", instance="w1"}': spell(0, 3, 30) },
    from: 20,
    until: 35,
    sent: [
      {
        labels: { job: "node", instance: "w1", severity: "warning" },
        summary: "w1 differs in 3 things from what was left there",
      },
    ],
  },
  {
    alert: "BackupFailed",
    series: { ...backup("failed", "cp1", spell(0, 1, 80), set), ...backup("failed", "cp2", held([1, 100]), set) },
    from: 65,
    until: 85,
    sent: [
      {
        labels: { target: "vault", kind: "data", ...cluster("warning") },
        summary: "no set of data could be stored on vault for an hour",
      },
    ],
  },
  {
    alert: "BackupFailed",
    title: "one member of two",
    series: { ...backup("failed", "cp1", held([0, 100]), set), ...backup("failed", "cp2", held([1, 100]), set) },
    steps: 90,
  },
  {
    alert: "BackupStale",
    interval: "10m",
    series: {
      ...backup("last_set_timestamp_seconds", "cp1", held([0, 18], [10_800, 5]), set),
      ...backup("last_set_timestamp_seconds", "cp2", held([0, 30]), set),
      ...backup("interval_seconds", "cp1", held([3600, 30])),
      ...backup("interval_seconds", "cp2", held([3600, 30])),
    },
    from: 15,
    until: 18,
    sent: [
      {
        labels: { target: "vault", ...cluster("critical") },
        summary: "the newest set of data on vault is 2h 30m 0s old",
      },
    ],
  },
  {
    alert: "DrillFailed",
    title: "while a member that was down has the record of one before, which was good",
    series: {
      ...backup("drill_failed", "cp1", spell(0, 1, 15)),
      ...backup("drill_timestamp_seconds", "cp1", held([100, 5], [300, 15], [1200, 10])),
      ...backup("drill_failed", "cp2", held([0, 40])),
      ...backup("drill_timestamp_seconds", "cp2", held([100, 40])),
    },
    from: 10,
    until: 20,
    sent: [
      {
        labels: cluster("critical"),
        summary: "the last restore drill has failed: nobody knows whether what was backed up can be restored",
      },
    ],
  },
  {
    alert: "DrillFailed",
    title: "one before the last, of which a member that was down has the record",
    series: {
      ...backup("drill_failed", "cp1", held([0, 40])),
      ...backup("drill_timestamp_seconds", "cp1", held([300, 40])),
      ...backup("drill_failed", "cp2", held([1, 40])),
      ...backup("drill_timestamp_seconds", "cp2", held([100, 40])),
    },
    steps: 30,
  },
  {
    alert: "DrillOverdue",
    interval: "10m",
    series: {
      ...backup("drill_timestamp_seconds", "cp1", held([0, 15], [9000, 5])),
      ...backup("drill_max_age_seconds", "cp1", held([3600, 30])),
      ...backup("drill_max_age_seconds", "cp2", held([3600, 30])),
    },
    from: 13,
    until: 15,
    sent: [{ labels: cluster("warning"), summary: "the last restore drill was 2h 10m 0s ago" }],
  },
  {
    alert: "DrillOverdue",
    title: "there has been none",
    start: 1_700_000_000,
    series: {
      ...backup("drill_timestamp_seconds", "cp1", held(["_", 70], [1_700_004_200, 5])),
      ...backup("drill_max_age_seconds", "cp1", held([3600, 80])),
    },
    from: 60,
    until: 70,
    sent: [{ labels: cluster("warning"), summary: "there has been no restore drill" }],
  },
];
