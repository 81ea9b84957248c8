import { BytesIEC, BytesPerSecondIEC, OpsPerSecond, PercentUnit, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { figure, graph, timeline } from "./panels.ts";

const p99 = (histogram: string): string =>
  `histogram_quantile(0.99, sum by (instance, le) (rate(${histogram}{job="etcd"}[$__rate_interval])))`;

/** Do the members agree, and are their disks and the network between them fast enough? */
export const etcd = dashboard({
  name: "etcd",
  title: "etcd",
  description:
    "Members of etcd: whether they agree, how fast their disks and the network are, and how full the database is.",
  rows: [
    {
      title: "Members",
      panels: [
        figure({
          title: "Members",
          tells: "Members that know a leader, of all.",
          queries: [
            ['sum(etcd_server_has_leader{job="etcd"})', "have a leader"],
            ['count(up{job="etcd"})', "of"],
          ],
          width: 6,
        }),
        figure({
          title: "Changes of the leader",
          tells: "Within a day. Each stops writes for a moment; a healthy cluster has few, by updates of hosts.",
          queries: [['max(increase(etcd_server_leader_changes_seen_total{job="etcd"}[1d]))', ""]],
          limits: { orange: 5, red: 20 },
          width: 6,
        }),
        figure({
          title: "Quota in use",
          tells: "How full the fullest database is. At all of its quota etcd takes no more writes.",
          unit: PercentUnit,
          queries: [
            ['max(etcd_mvcc_db_total_size_in_bytes{job="etcd"} / etcd_server_quota_backend_bytes{job="etcd"})', ""],
          ],
          limits: { orange: 0.8, red: 0.95 },
          width: 6,
        }),
        figure({
          title: "Slowest disk",
          tells: "Of a hundred writes of the log one takes this long or longer. etcd asks for less than 10 ms.",
          unit: Seconds,
          decimals: 1,
          queries: [[`max(${p99("etcd_disk_wal_fsync_duration_seconds_bucket")})`, ""]],
          limits: { orange: 0.01, red: 0.1 },
          width: 6,
        }),
        timeline({
          title: "Leader",
          tells: "The host whose member leads.",
          queries: [['etcd_server_is_leader{job="etcd"}', "{{instance}}"]],
          states: { "1": ["leads", "blue"], "0": ["follows", "transparent"] },
        }),
        timeline({
          title: "Members that answer",
          tells: "Whether a member answers Prometheus.",
          queries: [['up{job="etcd"}', "{{instance}}"]],
          states: { "1": ["answers", "green"], "0": ["does not", "red"] },
        }),
      ],
    },
    {
      title: "Disks and network",
      panels: [
        graph({
          title: "Log: fsync",
          tells:
            "Of a hundred writes of the log one takes this long or longer. Every write of the API waits for it on most members.",
          unit: Seconds,
          limit: 0.1,
          queries: [[p99("etcd_disk_wal_fsync_duration_seconds_bucket"), "{{instance}}"]],
        }),
        graph({
          title: "Database: commit",
          tells: "Of a hundred commits of the database one takes this long or longer. etcd asks for less than 25 ms.",
          unit: Seconds,
          limit: 0.25,
          queries: [[p99("etcd_disk_backend_commit_duration_seconds_bucket"), "{{instance}}"]],
        }),
        graph({
          title: "Round trips between members",
          tells:
            "Of a hundred round trips one takes this long or longer. They have to be well below the heartbeat interval.",
          unit: Seconds,
          limit: 0.25,
          queries: [[p99("etcd_network_peer_round_trip_time_seconds_bucket"), "{{instance}}"]],
        }),
        graph({
          title: "Between members",
          tells: "What a member sends to the others.",
          unit: BytesPerSecondIEC,
          queries: [
            [
              'sum by (instance) (rate(etcd_network_peer_sent_bytes_total{job="etcd"}[$__rate_interval]))',
              "{{instance}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "Work",
      panels: [
        graph({
          title: "Proposals",
          tells:
            "Changes that the members have agreed on, and those that have failed: there was no leader, or no majority.",
          unit: OpsPerSecond,
          queries: [
            ['max(rate(etcd_server_proposals_committed_total{job="etcd"}[$__rate_interval]))', "committed"],
            ['sum(rate(etcd_server_proposals_failed_total{job="etcd"}[$__rate_interval]))', "failed"],
          ],
        }),
        graph({
          title: "Proposals that wait",
          tells: "Changes that wait for the others. When they pile up, disk or network are too slow.",
          queries: [['etcd_server_proposals_pending{job="etcd"}', "{{instance}}"]],
        }),
        graph({
          title: "Slow work",
          tells:
            "Changes that a member applied late, reads that waited for the leader, and heartbeats that the leader sent late.",
          unit: OpsPerSecond,
          queries: [
            ['rate(etcd_server_slow_apply_total{job="etcd"}[$__rate_interval])', "apply {{instance}}"],
            ['rate(etcd_server_slow_read_indexes_total{job="etcd"}[$__rate_interval])', "read {{instance}}"],
            ['rate(etcd_server_heartbeat_send_failures_total{job="etcd"}[$__rate_interval])', "heartbeat {{instance}}"],
          ],
        }),
        graph({
          title: "Requests of clients",
          tells: "Requests that the members have answered, by what they were.",
          unit: OpsPerSecond,
          queries: [
            [
              'sum by (grpc_method) (rate(grpc_server_handled_total{job="etcd", grpc_type="unary"}[$__rate_interval]))',
              "{{grpc_method}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "Size",
      panels: [
        graph({
          title: "Database",
          tells:
            "Size of the file, what of it is in use, and the quota. `./plinth etcd defrag` gives back what is not in use.",
          unit: BytesIEC,
          queries: [
            ['etcd_mvcc_db_total_size_in_bytes{job="etcd"}', "file {{instance}}"],
            ['etcd_mvcc_db_total_size_in_use_in_bytes{job="etcd"}', "in use {{instance}}"],
            ['min(etcd_server_quota_backend_bytes{job="etcd"})', "quota"],
          ],
        }),
        graph({
          title: "Memory",
          tells: "Memory of the members.",
          unit: BytesIEC,
          queries: [['process_resident_memory_bytes{job="etcd"}', "{{instance}}"]],
        }),
      ],
    },
  ],
});
