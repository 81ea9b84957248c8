import type { AlertGroup } from "../alert.ts";
import { proxied, unlessWorkedOn } from "../promql.ts";

const etcd = 'job="etcd"';

/** Seconds within which 99 of a hundred are done, by some labels. */
const slowest = (histogram: string, ...by: string[]): string =>
  `histogram_quantile(0.99, sum by (${["instance", ...by, "le"].join(", ")}) (rate(${histogram}_bucket{${etcd}}[5m])))`;

/** How long a member takes to answer the other one that it answers fastest: where that is long, it is not the way to a single one. */
const answering = `max by (instance) (min by (To) (${slowest("etcd_network_peer_round_trip_time_seconds", "To")}) * on (To) group_right () label_replace(etcd_server_id{${etcd}}, "To", "$1", "server_id", "(.+)"))`;

const filled = `etcd_mvcc_db_total_size_in_bytes{${etcd}} / etcd_server_quota_backend_bytes{${etcd}}`;

/** Of etcd: its members are there, agree, and have a disk that is fast enough. */
export const etcdAlerts: AlertGroup = {
  name: "plinth-etcd",
  alerts: [
    {
      name: "EtcdMemberDown",
      severity: "critical",
      // It does not answer, or is cut off from the others.
      expr: `((up{${etcd}} == 0 and on (instance) ${proxied("etcd")}) or etcd_server_has_leader{${etcd}} == 0) ${unlessWorkedOn}`,
      for: "3m",
      summary: "the member of etcd on {{ $labels.instance }} has not answered, or has known no leader, for 3 minutes",
    },
    {
      name: "EtcdNoLeader",
      severity: "critical",
      expr: `max(etcd_server_has_leader{${etcd}}) == 0 or (max(absent(etcd_server_has_leader{${etcd}})) == 1 and on () count((${proxied("etcd")}) and on (instance) up{${etcd}}) > 0)`,
      for: "1m",
      summary: "etcd has no leader: nothing can be written, and the API stands still",
      labels: { scope: "cluster" },
    },
    {
      name: "EtcdLeaderChanges",
      severity: "warning",
      // A roll of all members moves the leader three times at most.
      expr: `max(increase(etcd_server_leader_changes_seen_total{${etcd}}[30m])) > 6`,
      for: "5m",
      summary: "etcd has changed its leader {{ $value | humanize }} times within half an hour",
      labels: { scope: "cluster" },
    },
    {
      name: "EtcdDiskSlow",
      severity: "warning",
      expr: `${slowest("etcd_disk_wal_fsync_duration_seconds")} > 0.1`,
      for: "10m",
      summary:
        "one of a hundred writes of etcd's log on {{ $labels.instance }} takes {{ $value | humanizeDuration }} or more: its disk is too slow",
    },
    {
      name: "EtcdMemberSlow",
      severity: "warning",
      expr: `${answering} > 0.25 or ${slowest("etcd_server_apply_duration_seconds")} > 0.25`,
      for: "10m",
      summary:
        "the member of etcd on {{ $labels.instance }} takes {{ $value | humanizeDuration }} to answer the others, or to apply what they agreed on: it lags behind",
    },
    {
      name: "EtcdDatabaseFilling",
      severity: "warning",
      expr: `${filled} > 0.8`,
      for: "10m",
      summary: "the database of etcd on {{ $labels.instance }} takes {{ $value | humanizePercentage }} of what it may",
    },
    {
      name: "EtcdDatabaseFull",
      severity: "critical",
      expr: `${filled} > 0.95`,
      for: "1m",
      summary:
        "the database of etcd on {{ $labels.instance }} takes {{ $value | humanizePercentage }} of what it may: at all of it the API takes no more writes",
    },
  ],
};
