import { DateTimeFromNow, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { figure, graph, table, timeline } from "./panels.ts";

/** Who has changed what, when; what is unfinished, and what waits? */
export const changes = dashboard({
  name: "changes",
  title: "Changes",
  description:
    "Runs of Plinth, drift, bundles that are not finished, versions, certificates, and hosts that wait for a reboot.",
  rows: [
    {
      title: "Now",
      panels: [
        figure({
          title: "Last up",
          tells: "How long ago `./plinth up` last began on a host.",
          unit: Seconds,
          decimals: 1,
          queries: [['time() - max(plinth_last_run_timestamp_seconds{kind="up"})', ""]],
        }),
        figure({
          title: "Last look for drift",
          tells: "How long ago `./plinth drift` has last looked at a host.",
          unit: Seconds,
          decimals: 1,
          queries: [['time() - max(plinth_last_run_timestamp_seconds{kind="drift"})', ""]],
        }),
        figure({
          title: "Differences",
          tells: "Differences that the last look for drift has found on all hosts. `./plinth drift` says which.",
          queries: [["sum(plinth_drift_differences)", ""]],
          limits: { red: 1 },
        }),
        figure({
          title: "Unfinished bundles",
          tells: "Bundles of hosts whose change was not brought to its end. `./plinth up` goes on there.",
          queries: [['sum(plinth_bundle_state{state!="complete"})', ""]],
          limits: { red: 1 },
        }),
        figure({
          title: "Reboots that wait",
          tells: "Hosts whose distribution or kernel asks for a reboot.",
          queries: [["sum(plinth_reboot_required)", ""]],
          limits: { orange: 1 },
        }),
        figure({
          title: "Versions of kubelets",
          tells: "During an update there are two, and afterwards one.",
          queries: [['count(count by (git_version) (kubernetes_build_info{job="kubelet"}))', ""]],
          limits: { orange: 2, red: 3 },
        }),
      ],
    },
    {
      title: "Runs and drift",
      panels: [
        table({
          title: "Runs",
          tells: "When a run of Plinth last began on each host.",
          unit: DateTimeFromNow,
          expr: "sort(1000 * max by (instance, kind) (plinth_last_run_timestamp_seconds))",
          columns: { instance: "host", kind: "run", Value: "when" },
        }),
        graph({
          title: "Differences by host",
          tells: "Differences that the last look for drift has found, on hosts that have some.",
          queries: [["plinth_drift_differences > 0", "{{instance}}"]],
        }),
        timeline({
          title: "Bundles that are not finished",
          tells: "Bundles of hosts whose change is under way, or was not brought to its end.",
          width: 24,
          queries: [['plinth_bundle_state{state!="complete"} == 1', "{{instance}} {{bundle}} {{state}}"]],
          states: { "1": ["not finished", "orange"] },
        }),
      ],
    },
    {
      title: "Versions",
      panels: [
        timeline({
          title: "Kubernetes",
          tells: "Hosts by the version that they run: a rolling update shows as bars that end and others that begin.",
          queries: [
            [
              'max by (job, instance, git_version) (kubernetes_build_info{job=~"apiserver|kubelet"})',
              "{{instance}} {{job}} {{git_version}}",
            ],
          ],
          states: { "1": ["runs", "blue"] },
        }),
        table({
          title: "Kernels",
          tells: "The kernel of each host.",
          expr: 'max by (instance, release, machine) (node_uname_info{job="node"})',
          columns: { instance: "host", release: "kernel", machine: "architecture" },
        }),
        graph({
          title: "Services that have begun again",
          tells: "Within an hour. An `up` that changes a service restarts it; whatever else does is worth a look.",
          queries: [
            [
              'changes(process_start_time_seconds{job=~"apiserver|etcd|kube-controller-manager|kube-scheduler|kube-proxy|containerd|kubelet"}[1h]) > 0',
              "{{job}} {{instance}}",
            ],
          ],
        }),
        graph({
          title: "Hosts that have booted",
          tells: "Time since each host has booted; it falls to nothing when it does.",
          unit: Seconds,
          queries: [['time() - node_boot_time_seconds{job="node"}', "{{instance}}"]],
        }),
      ],
    },
    {
      title: "Certificates",
      panels: [
        table({
          title: "Certificates by their end",
          tells:
            "The fifty that end first. `./plinth up` renews those with a third of their life left, kubelets renew their own.",
          unit: Seconds,
          width: 24,
          expr: "sort(bottomk(50, max by (instance, path) (plinth_certificate_expiry_timestamp_seconds) - time()))",
          columns: { instance: "host", path: "certificate", Value: "ends in" },
          limits: { orange: 14 * 86400, red: 3 * 86400, below: true },
        }),
      ],
    },
  ],
});
