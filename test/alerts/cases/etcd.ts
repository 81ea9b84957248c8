import { held, histogram, spell, type AlertCase, type Series } from "../support/cases.ts";

const member = 'job="etcd", instance="cp1"';
const ofMember = { job: "etcd", instance: "cp1" };
const memberDown = {
  labels: { ...ofMember, severity: "critical" },
  summary: "the member of etcd on cp1 has not answered, or has known no leader, for 3 minutes",
};
const noLeader = {
  labels: { severity: "critical", scope: "cluster" },
  summary: "etcd has no leader: nothing can be written, and the API stands still",
};
const ids = { cp1: "a1", cp2: "b2", cp3: "c3" };

/** How long members take to answer each other, of which one is slow from step 5 to 30. */
function roundTrips(slow: string): Series {
  const pairs = Object.keys(ids).flatMap((from) => Object.entries(ids).map(([to, id]) => ({ from, to, id })));
  return Object.fromEntries(
    pairs
      .filter(({ from, to }) => from !== to)
      .flatMap(({ from, to, id }) => {
        const [below, within] = [from, to].includes(slow) ? ["0.2048", "0.4096"] : ["0.0032", "0.0064"];
        const labels = `job="etcd", instance="${from}", To="${id}"`;
        return Object.entries(
          histogram("etcd_network_peer_round_trip_time_seconds", labels, { below, within, from: 5, to: 30 }),
        );
      }),
  );
}

const filled = (part: number): Series => ({
  [`etcd_mvcc_db_total_size_in_bytes{${member}}`]: spell(10, part, 20),
  [`etcd_server_quota_backend_bytes{${member}}`]: held([100, 60]),
});

export const etcdCases: readonly AlertCase[] = [
  {
    alert: "EtcdMemberDown",
    series: { [`up{${member}}`]: spell(1, 0, 10), 'up{job="node", instance="cp1"}': held([1, 40]) },
    from: 8,
    until: 15,
    sent: [memberDown],
  },
  {
    alert: "EtcdMemberDown",
    title: "cut off from the others",
    series: { [`up{${member}}`]: held([1, 40]), [`etcd_server_has_leader{${member}}`]: spell(1, 0, 10) },
    from: 8,
    until: 15,
    sent: [memberDown],
  },
  {
    alert: "EtcdMemberDown",
    title: "the proxy of figures alone",
    series: {
      [`up{${member}}`]: held([0, 30]),
      'up{job="node", instance="cp1"}': held([0, 30]),
      'up{job="kubelet", instance="cp1"}': held([1, 30]),
    },
    steps: 30,
  },
  {
    alert: "EtcdNoLeader",
    series: Object.fromEntries(
      Object.keys(ids).map((instance) => [
        `etcd_server_has_leader{job="etcd", instance="${instance}"}`,
        spell(1, 0, 10),
      ]),
    ),
    from: 6,
    until: 15,
    sent: [noLeader],
  },
  {
    alert: "EtcdNoLeader",
    title: "no member answers",
    series: {
      [`etcd_server_has_leader{${member}}`]: held([1, 5], ["stale", 1], ["_", 9], [1, 10]),
      [`up{${member}}`]: spell(1, 0, 10),
      'up{job="node", instance="cp1"}': held([1, 40]),
    },
    from: 6,
    until: 15,
    sent: [noLeader],
  },
  {
    alert: "EtcdNoLeader",
    title: "one member of three without a leader, and one whose host is gone",
    series: {
      [`etcd_server_has_leader{${member}}`]: held([0, 30]),
      'etcd_server_has_leader{job="etcd", instance="cp2"}': held([1, 30]),
      'up{job="etcd", instance="cp3"}': held([0, 30]),
    },
    steps: 30,
  },
  {
    alert: "EtcdLeaderChanges",
    series: { [`etcd_server_leader_changes_seen_total{${member}}`]: "1+1x10 11x60" },
    from: 11,
    until: 34,
    sent: [
      {
        labels: { severity: "warning", scope: "cluster" },
        summary: "etcd has changed its leader 10.45 times within half an hour",
      },
    ],
  },
  {
    alert: "EtcdLeaderChanges",
    title: "a roll of all members, of which each restart moves the leader, and the last is this one's",
    series: { [`etcd_server_leader_changes_seen_total{${member}}`]: "7x5 8x3 9x3 1x60" },
    steps: 60,
  },
  {
    alert: "EtcdDiskSlow",
    series: histogram("etcd_disk_wal_fsync_duration_seconds", member, {
      ...{ below: "0.128", within: "0.256" },
      ...{ from: 5, to: 30 },
    }),
    from: 15,
    until: 33,
    sent: [
      {
        labels: { instance: "cp1", severity: "warning" },
        summary: "one of a hundred writes of etcd's log on cp1 takes 254.7ms or more: its disk is too slow",
      },
    ],
  },
  {
    alert: "EtcdMemberSlow",
    title: "one of three that takes long to answer both others: it alone is named",
    series: {
      ...roundTrips("cp3"),
      ...Object.fromEntries(
        Object.entries(ids).map(([instance, id]) => [
          `etcd_server_id{job="etcd", instance="${instance}", server_id="${id}"}`,
          held([1, 60]),
        ]),
      ),
    },
    from: 15,
    until: 33,
    sent: [
      {
        labels: { instance: "cp3", severity: "warning" },
        summary:
          "the member of etcd on cp3 takes 407.6ms to answer the others, or to apply what they agreed on: it lags behind",
      },
    ],
  },
  {
    alert: "EtcdMemberSlow",
    title: "one that applies slowly",
    series: histogram("etcd_server_apply_duration_seconds", `${member}, version="v3", op="Txn", success="true"`, {
      ...{ below: "0.4096", within: "0.8192" },
      ...{ from: 5, to: 30 },
    }),
    from: 15,
    until: 33,
    sent: [
      {
        labels: { instance: "cp1", severity: "warning" },
        summary:
          "the member of etcd on cp1 takes 815.1ms to answer the others, or to apply what they agreed on: it lags behind",
      },
    ],
  },
  {
    alert: "EtcdDatabaseFilling",
    series: filled(85),
    from: 15,
    until: 25,
    sent: [
      {
        labels: { ...ofMember, severity: "warning" },
        summary: "the database of etcd on cp1 takes 85% of what it may",
      },
    ],
  },
  {
    alert: "EtcdDatabaseFull",
    series: filled(97),
    from: 6,
    until: 25,
    sent: [
      {
        labels: { ...ofMember, severity: "critical" },
        summary: "the database of etcd on cp1 takes 97% of what it may: at all of it the API takes no more writes",
      },
    ],
  },
];
