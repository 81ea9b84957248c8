import { held, spell, type AlertCase } from "../support/cases.ts";

const host = 'job="node", instance="w1"';
const filesystem = `{${host}, device="/dev/sda1", fstype="ext4", mountpoint="/"}`;
const onFilesystem = { job: "node", instance: "w1", device: "/dev/sda1", fstype: "ext4", mountpoint: "/" };
const writable = { [`node_filesystem_readonly${filesystem}`]: held([0, 60]) };
const ofHost = { job: "node", instance: "w1" };
const warning = "warning";
const critical = "critical";

const clockOff = (by: string) => ({
  labels: { ...ofHost, severity: critical },
  summary: `the clock of w1 is off, or may be, by ${by}: certificates, leases and tokens go by it`,
});

export const machineCases: readonly AlertCase[] = [
  {
    alert: "HostDiskFull",
    series: {
      ...writable,
      [`node_filesystem_avail_bytes${filesystem}`]: spell(50, 4, 20),
      [`node_filesystem_size_bytes${filesystem}`]: held([100, 60]),
    },
    from: 10,
    until: 25,
    sent: [{ labels: { ...onFilesystem, severity: critical }, summary: "/ of w1 has 4% of its space left" }],
  },
  {
    alert: "HostDiskFull",
    title: "an image that cannot be written, and what is another host's",
    series: {
      [`node_filesystem_readonly${filesystem}`]: held([1, 30]),
      [`node_filesystem_avail_bytes${filesystem}`]: held([0, 30]),
      [`node_filesystem_size_bytes${filesystem}`]: held([100, 30]),
      [`node_filesystem_readonly{${host}, device="nas:/x", fstype="nfs4", mountpoint="/x"}`]: held([0, 30]),
      [`node_filesystem_avail_bytes{${host}, device="nas:/x", fstype="nfs4", mountpoint="/x"}`]: held([0, 30]),
      [`node_filesystem_size_bytes{${host}, device="nas:/x", fstype="nfs4", mountpoint="/x"}`]: held([100, 30]),
    },
    steps: 30,
  },
  {
    alert: "HostDiskFilling",
    interval: "10m",
    series: {
      ...writable,
      [`node_filesystem_avail_bytes${filesystem}`]: "240-5x30 900x10",
      [`node_filesystem_size_bytes${filesystem}`]: held([1000, 60]),
    },
    from: 25,
    until: 31,
    sent: [
      {
        labels: { ...onFilesystem, severity: warning },
        summary: "/ of w1 has 11.5% of its space left, and would be full within a day",
      },
    ],
  },
  {
    alert: "HostDiskFilling",
    title: "a disk with little left that does not fill",
    interval: "10m",
    series: {
      ...writable,
      [`node_filesystem_avail_bytes${filesystem}`]: held([100, 60]),
      [`node_filesystem_size_bytes${filesystem}`]: held([1000, 60]),
    },
    steps: 60,
  },
  {
    alert: "HostInodesShort",
    series: {
      ...writable,
      [`node_filesystem_files_free${filesystem}`]: spell(50, 4, 30),
      [`node_filesystem_files${filesystem}`]: held([100, 60]),
    },
    from: 20,
    until: 35,
    sent: [
      {
        labels: { ...onFilesystem, severity: warning },
        summary: "/ of w1 has 4% of its inodes left: no more files can be made soon",
      },
    ],
  },
  {
    alert: "HostFilesystemReadOnly",
    series: { [`node_filesystem_readonly${filesystem}`]: held([0, 70], [1, 100], [0, 10]) },
    from: 71,
    still: [129, 130, 131, 169],
    until: 170,
    sent: [
      {
        labels: { ...onFilesystem, severity: critical },
        summary: "/ of w1 can only be read: the kernel does that when its disk fails",
      },
    ],
  },
  {
    alert: "HostFilesystemReadOnly",
    title: "mounted so",
    series: { [`node_filesystem_readonly${filesystem}`]: held([1, 90]) },
    steps: 90,
  },
  {
    alert: "HostRaidDegraded",
    series: {
      [`node_md_disks{${host}, device="md0", state="active"}`]: spell(2, 1, 20),
      [`node_md_disks{${host}, device="md0", state="failed"}`]: spell(0, 1, 20),
      [`node_md_disks_required{${host}, device="md0"}`]: held([2, 60]),
    },
    from: 10,
    until: 25,
    sent: [{ labels: { ...ofHost, device: "md0", severity: warning }, summary: "md0 of w1 lacks 1 of its disks" }],
  },
  {
    alert: "HostRaidDegraded",
    title: "a disk that is gone without a trace",
    series: {
      [`node_md_disks{${host}, device="md0", state="active"}`]: spell(2, 1, 20),
      [`node_md_disks{${host}, device="md0", state="failed"}`]: held([0, 60]),
      [`node_md_disks_required{${host}, device="md0"}`]: held([2, 60]),
    },
    from: 10,
    until: 25,
    sent: [{ labels: { ...ofHost, device: "md0", severity: warning }, summary: "md0 of w1 lacks 1 of its disks" }],
  },
  {
    alert: "HostBondDegraded",
    series: {
      [`node_bonding_slaves{${host}, master="bond0"}`]: held([2, 60]),
      [`node_bonding_active{${host}, master="bond0"}`]: spell(2, 1, 20),
    },
    from: 10,
    until: 25,
    sent: [
      {
        labels: { ...ofHost, master: "bond0", severity: warning },
        summary: "1 interfaces of bond0 of w1 carry nothing: one more, and the host is off",
      },
    ],
  },
  {
    alert: "HostClockOff",
    series: { [`node_timex_offset_seconds{${host}}`]: spell(0.001, -0.75, 20) },
    from: 15,
    until: 25,
    sent: [clockOff("750ms")],
  },
  {
    alert: "HostClockOff",
    title: "nothing has kept it for hours",
    series: {
      [`node_timex_sync_status{${host}}`]: spell(1, 0, 20),
      [`node_timex_maxerror_seconds{${host}}`]: spell(0.1, 16, 20),
    },
    from: 15,
    until: 25,
    sent: [clockOff("16s")],
  },
  {
    alert: "HostClockOff",
    title: "kept, and wrong: it differs from most others",
    series: {
      [`node_time_seconds{${host}}`]: "0+60x4 305+60x19 1500+60x10",
      'node_time_seconds{job="node", instance="w2"}': "0+60x34",
      'node_time_seconds{job="node", instance="w3"}': "0+60x34",
    },
    from: 15,
    until: 25,
    sent: [clockOff("5s")],
  },
  {
    alert: "HostOutOfMemory",
    series: {
      [`node_vmstat_oom_kill{${host}}`]: held([0, 10], [10, 60]),
      [`node_memory_MemAvailable_bytes{${host}}`]: held([50, 10], [5, 1], [50, 60]),
      [`node_memory_MemTotal_bytes{${host}}`]: held([100, 70]),
    },
    from: 10,
    until: 39,
    sent: [
      {
        labels: { ...ofHost, severity: warning },
        summary: "the kernel of w1 has ended 10 processes within half an hour for want of memory",
      },
    ],
  },
  {
    alert: "HostOutOfMemory",
    title: "containers beyond limits of their own, on a host with memory to spare",
    series: {
      [`node_vmstat_oom_kill{${host}}`]: "0+1x60",
      [`node_memory_MemAvailable_bytes{${host}}`]: held([50, 61]),
      [`node_memory_MemTotal_bytes{${host}}`]: held([100, 61]),
    },
    steps: 60,
  },
  {
    alert: "HostConnectionsShort",
    series: {
      [`node_nf_conntrack_entries{${host}}`]: spell(10, 90, 20),
      [`node_nf_conntrack_entries_limit{${host}}`]: held([100, 60]),
    },
    from: 15,
    until: 25,
    sent: [
      {
        labels: { ...ofHost, severity: warning },
        summary: "w1 tracks 90% of the connections that it can: new ones are dropped soon",
      },
    ],
  },
];
