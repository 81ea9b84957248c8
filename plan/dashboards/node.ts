import {
  BytesIEC,
  BytesPerSecondIEC,
  Celsius,
  OpsPerSecond,
  PercentUnit,
  Seconds,
} from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { graph, table } from "./panels.ts";

const host = 'job="node", instance=~"$host"';
const kubelet = 'job="kubelet", instance=~"$host"';
/** Filesystems that hold data: no images, no memory, nothing of containers. */
const data = `${host}, fstype!~"tmpfs|overlay|squashfs|ramfs|iso9660|nsfs|fuse.*", mountpoint!~"/(boot/efi|run|var/lib/(kubelet|containerd)/.+)(/.*)?"`;

/** What is a host short of? */
export const node = dashboard({
  name: "node",
  title: "Hosts",
  description: "Hosts as machines: processors, memory, disks, clock; and the kubelet and containerd on them.",
  byHost: true,
  rows: [
    {
      title: "Processors and memory",
      panels: [
        graph({
          title: "Processors",
          tells: "Share of the processors that do something.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [
              `1 - avg by (instance) (rate(node_cpu_seconds_total{${host}, mode="idle"}[$__rate_interval]))`,
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "Memory",
          tells: "Share of the memory that nobody else can have.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [`1 - node_memory_MemAvailable_bytes{${host}} / node_memory_MemTotal_bytes{${host}}`, "{{instance}}"],
          ],
        }),
        graph({
          title: "Waiting for processors",
          tells: "Share of the time in which somebody who could work had no processor (pressure stall information).",
          unit: PercentUnit,
          queries: [[`rate(node_pressure_cpu_waiting_seconds_total{${host}}[$__rate_interval])`, "{{instance}}"]],
        }),
        graph({
          title: "Waiting for memory and disks",
          tells:
            "Share of the time in which nobody could work, for want of memory or for a disk (pressure stall information).",
          unit: PercentUnit,
          queries: [
            [`rate(node_pressure_memory_stalled_seconds_total{${host}}[$__rate_interval])`, "memory {{instance}}"],
            [`rate(node_pressure_io_stalled_seconds_total{${host}}[$__rate_interval])`, "disk {{instance}}"],
          ],
        }),
        graph({
          title: "Processes that the kernel has ended",
          tells: "For want of memory, within an hour.",
          queries: [[`increase(node_vmstat_oom_kill{${host}}[1h])`, "{{instance}}"]],
        }),
        graph({
          title: "Open files",
          tells: "Share of the files that the kernel can have open.",
          unit: PercentUnit,
          queries: [[`node_filefd_allocated{${host}} / node_filefd_maximum{${host}}`, "{{instance}}"]],
        }),
      ],
    },
    {
      title: "Disks",
      panels: [
        table({
          title: "Filesystems",
          tells: "Share of the space that is left. Kubelet and etcd stop when theirs is full.",
          unit: PercentUnit,
          expr: `sort(max by (instance, mountpoint, device) (node_filesystem_avail_bytes{${data}} / node_filesystem_size_bytes{${data}}))`,
          columns: { instance: "host", mountpoint: "mountpoint", device: "device", Value: "left" },
          limits: { orange: 0.2, red: 0.05, below: true },
        }),
        graph({
          title: "Space",
          tells: "What is left of each filesystem.",
          unit: BytesIEC,
          queries: [[`node_filesystem_avail_bytes{${data}}`, "{{instance}} {{mountpoint}}"]],
        }),
        graph({
          title: "Disks that work",
          tells: "Share of the time in which a disk had something to do.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [
              `rate(node_disk_io_time_seconds_total{${host}, device!~"(loop|ram|sr|fd).*"}[$__rate_interval])`,
              "{{instance}} {{device}}",
            ],
          ],
        }),
        graph({
          title: "Reading and writing",
          tells: "What all disks of a host read and write.",
          unit: BytesPerSecondIEC,
          queries: [
            [
              `sum by (instance) (rate(node_disk_read_bytes_total{${host}, device!~"(loop|ram|sr|fd|dm-|md).*"}[$__rate_interval]))`,
              "read {{instance}}",
            ],
            [
              `sum by (instance) (rate(node_disk_written_bytes_total{${host}, device!~"(loop|ram|sr|fd|dm-|md).*"}[$__rate_interval]))`,
              "written {{instance}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "Clock and temperature",
      panels: [
        graph({
          title: "Clock",
          tells: "How far the clock is off, as whoever keeps it says. Certificates and leases go by it.",
          unit: Seconds,
          limit: 0.5,
          queries: [[`abs(node_timex_offset_seconds{${host}})`, "{{instance}}"]],
        }),
        graph({
          title: "Temperature",
          tells: "The hottest sensor of each host that has some.",
          unit: Celsius,
          queries: [[`max by (instance) (node_hwmon_temp_celsius{${host}})`, "{{instance}}"]],
        }),
      ],
    },
    {
      title: "Kubelet and containerd",
      panels: [
        graph({
          title: "Pods",
          tells: "Pods that a kubelet runs.",
          queries: [[`max by (instance) (kubelet_running_pods{${kubelet}})`, "{{instance}}"]],
        }),
        graph({
          title: "How long the kubelet takes to look at its containers",
          tells: "Of a hundred looks one takes this long or longer. After 3 minutes without one the Node is not ready.",
          unit: Seconds,
          queries: [
            [
              `histogram_quantile(0.99, sum by (instance, le) (rate(kubelet_pleg_relist_duration_seconds_bucket{${kubelet}}[$__rate_interval])))`,
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "What containerd could not do",
          tells: "Requests of the kubelet to containerd that have failed.",
          unit: OpsPerSecond,
          queries: [
            [
              `sum by (instance, operation_type) (rate(kubelet_runtime_operations_errors_total{${kubelet}}[$__rate_interval])) > 0`,
              "{{instance}} {{operation_type}}",
            ],
          ],
        }),
        graph({
          title: "How long containerd takes to start a container",
          tells: "Of a hundred starts one takes this long or longer.",
          unit: Seconds,
          queries: [
            [
              'histogram_quantile(0.99, sum by (instance, le) (rate(containerd_cri_container_start_seconds_bucket{job="containerd", instance=~"$host"}[$__rate_interval])))',
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "Pods that were evicted",
          tells: "Pods that kubelets have ended for want of memory, disk or process ids, within an hour.",
          width: 24,
          queries: [
            [
              `sum by (instance, eviction_signal) (increase(kubelet_evictions{${kubelet}}[1h])) > 0`,
              "{{instance}} {{eviction_signal}}",
            ],
          ],
        }),
      ],
    },
  ],
});
