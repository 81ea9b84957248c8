import type { AlertGroup } from "../alert.ts";

/** Filesystems of the host that hold data: no images, no memory, nothing of containers, and none of another host, which tells of it itself. */
const data =
  'fstype!~"tmpfs|overlay|squashfs|ramfs|iso9660|nsfs|nfs4?|cifs|ceph|fuse.*", mountpoint!~"/(boot/efi|run|var/lib/(kubelet|containerd)/.+)(/.*)?"';
const left = `node_filesystem_avail_bytes{${data}} / node_filesystem_size_bytes{${data}}`;
const writable = `node_filesystem_readonly{${data}} == 0`;

/** How far ahead the clock of a host is, seconds, beside the time that it takes to ask. */
const ahead = "(node_time_seconds - timestamp(node_time_seconds))";

/** Of hosts as machines: disks, links, memory, clocks. */
export const machineAlerts: AlertGroup = {
  name: "plinth-machines",
  alerts: [
    {
      name: "HostDiskFull",
      severity: "critical",
      expr: `${left} < 0.05 and ${writable}`,
      for: "5m",
      summary:
        "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} of its space left",
    },
    {
      name: "HostDiskFilling",
      severity: "warning",
      // Kubelets delete images when less than 15 percent are left: above that nobody need act.
      expr: `${left} < 0.15 and predict_linear(node_filesystem_avail_bytes{${data}}[6h], 24 * 3600) < 0 and ${writable}`,
      for: "1h",
      summary:
        "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} of its space left, and would be full within a day",
    },
    {
      name: "HostInodesShort",
      severity: "warning",
      expr: `node_filesystem_files_free{${data}} / (node_filesystem_files{${data}} > 0) < 0.05 and ${writable}`,
      for: "15m",
      summary:
        "{{ $labels.mountpoint }} of {{ $labels.instance }} has {{ $value | humanizePercentage }} of its inodes left: no more files can be made soon",
    },
    {
      name: "HostFilesystemReadOnly",
      severity: "critical",
      // Some are mounted so. Of one that was not an hour ago it stays true until it is mended.
      expr: `node_filesystem_readonly{${data}} == 1 and on (instance, mountpoint) (node_filesystem_readonly{${data}} offset 1h == 0 or on (instance, mountpoint) ALERTS{alertname="HostFilesystemReadOnly", alertstate="firing"})`,
      for: "1m",
      summary:
        "{{ $labels.mountpoint }} of {{ $labels.instance }} can only be read: the kernel does that when its disk fails",
    },
    {
      name: "HostRaidDegraded",
      severity: "warning",
      expr: 'sum without (state) (node_md_disks{state="failed"}) > 0 or (node_md_disks_required - ignoring (state) node_md_disks{state="active"}) > 0',
      for: "5m",
      summary: "{{ $labels.device }} of {{ $labels.instance }} lacks {{ $value }} of its disks",
    },
    {
      name: "HostBondDegraded",
      severity: "warning",
      expr: "node_bonding_slaves - node_bonding_active > 0",
      for: "5m",
      summary:
        "{{ $value }} interfaces of {{ $labels.master }} of {{ $labels.instance }} carry nothing: one more, and the host is off",
    },
    {
      name: "HostClockOff",
      severity: "critical",
      // What keeps the clock says so; or nothing has kept it for hours; or it differs from those of most hosts. All of them are seconds.
      expr: `abs(node_timex_offset_seconds) > 0.5 or (node_timex_maxerror_seconds >= 16 and node_timex_sync_status == 0) or abs(${ahead} - scalar(quantile(0.5, ${ahead}))) > 2`,
      for: "10m",
      summary:
        "the clock of {{ $labels.instance }} is off, or may be, by {{ $value | humanizeDuration }}: certificates, leases and tokens go by it",
    },
    {
      name: "HostOutOfMemory",
      severity: "warning",
      // A container that goes beyond its own limit is its owner's business: here the host itself has been short.
      expr: "increase(node_vmstat_oom_kill[30m]) > 3 and min_over_time(node_memory_MemAvailable_bytes[30m]) / node_memory_MemTotal_bytes < 0.1",
      summary:
        "the kernel of {{ $labels.instance }} has ended {{ $value | humanize }} processes within half an hour for want of memory",
    },
    {
      name: "HostConnectionsShort",
      severity: "warning",
      expr: "node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.8",
      for: "10m",
      summary:
        "{{ $labels.instance }} tracks {{ $value | humanizePercentage }} of the connections that it can: new ones are dropped soon",
    },
  ],
};
