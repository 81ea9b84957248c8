import { PercentUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { figure, graph, table, timeline } from "./panels.ts";

const state = 'job="kube-state-metrics"';

/** Is everything there, and is there room? */
export const cluster = dashboard({
  name: "cluster",
  title: "Cluster",
  description: "What answers, what alarms, who leads, and how much room there is.",
  rows: [
    {
      title: "Now",
      panels: [
        figure({
          title: "API servers",
          tells: "API servers that answer, of all.",
          queries: [
            ['sum(up{job="apiserver"})', "answer"],
            ['count(up{job="apiserver"})', "of"],
          ],
        }),
        figure({
          title: "etcd",
          tells: "Members of etcd that know a leader, of all. With less than half of them nothing can be written.",
          queries: [
            ['sum(etcd_server_has_leader{job="etcd"})', "have a leader"],
            ['count(up{job="etcd"})', "of"],
          ],
        }),
        figure({
          title: "Nodes",
          tells: "Nodes that are ready, of all.",
          queries: [
            [`sum(kube_node_status_condition{${state}, condition="Ready", status="true"})`, "ready"],
            [`count(kube_node_info{${state}})`, "of"],
          ],
        }),
        figure({
          title: "Hosts",
          tells: "Hosts whose node_exporter answers, of all.",
          queries: [
            ['sum(up{job="node"})', "answer"],
            ['count(up{job="node"})', "of"],
          ],
        }),
        figure({
          title: "Alerts",
          tells: "Alerts that fire. Each has its page in docs/alerts.",
          queries: [
            ['count(ALERTS{alertstate="firing", severity="critical"}) or vector(0)', "critical"],
            ['count(ALERTS{alertstate="firing", severity="warning"}) or vector(0)', "warning"],
          ],
          limits: { red: 1 },
        }),
        figure({
          title: "Next certificate ends in",
          tells: "The certificate on a host that ends first. `./plinth up` renews what has a third of its life left.",
          unit: Seconds,
          decimals: 1,
          queries: [["min(plinth_certificate_expiry_timestamp_seconds - time())", ""]],
          limits: { orange: 14 * 86400, red: 3 * 86400, below: true },
        }),
      ],
    },
    {
      title: "What answers",
      panels: [
        timeline({
          title: "Services",
          tells: "Whether every target of a job answers Prometheus.",
          queries: [["min by (job) (up)", "{{job}}"]],
          states: { "1": ["all answer", "green"], "0": ["some do not", "red"] },
        }),
        table({
          title: "Alerts that fire",
          tells: "What somebody has to act on now. Each has its page in docs/alerts.",
          expr: 'max by (severity, alertname, instance, job) (ALERTS{alertstate="firing", severity!="none"})',
          columns: { severity: "severity", alertname: "alert", instance: "host", job: "job" },
        }),
      ],
    },
    {
      title: "Who leads",
      panels: [
        timeline({
          title: "Leaders",
          tells: "The host whose member of etcd, controller-manager and scheduler lead.",
          queries: [
            ['etcd_server_is_leader{job="etcd"}', "etcd {{instance}}"],
            [
              'max by (job, instance) (leader_election_master_status{job=~"kube-controller-manager|kube-scheduler"})',
              "{{job}} {{instance}}",
            ],
          ],
          states: { "1": ["leads", "blue"], "0": ["waits", "transparent"] },
        }),
        timeline({
          title: "Virtual IPs",
          tells: "The host that holds a virtual IP. One holds it at a time.",
          queries: [["max by (address, instance) (plinth_virtual_ip_held)", "{{address}} {{instance}}"]],
          states: { "1": ["holds it", "blue"], "0": ["waits", "transparent"] },
        }),
      ],
    },
    {
      title: "Room",
      panels: [
        graph({
          title: "Processors that are busy",
          tells: "Share of each host's processors that do something; the ten busiest.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [
              'topk(10, 1 - avg by (instance) (rate(node_cpu_seconds_total{job="node", mode="idle"}[$__rate_interval])))',
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "Memory that is in use",
          tells: "Share of each host's memory that nobody else can have; the ten fullest.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [
              'topk(10, 1 - node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"})',
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "What pods have asked for",
          tells: "Sum of the requests of pods, as a share of what all Nodes have for them. The scheduler goes by it.",
          unit: PercentUnit,
          queries: [
            [
              `sum by (resource) (kube_pod_container_resource_requests{${state}, resource=~"cpu|memory"}) / sum by (resource) (kube_node_status_allocatable{${state}, resource=~"cpu|memory"})`,
              "{{resource}}",
            ],
          ],
          limit: 0.9,
        }),
        graph({
          title: "Pods",
          tells: "Pods by their phase. Those that stay pending find no Node.",
          unit: Short,
          stacked: true,
          queries: [[`sum by (phase) (kube_pod_status_phase{${state}})`, "{{phase}}"]],
        }),
        graph({
          title: "Containers that begin again",
          tells: "Restarts of containers within an hour; the ten pods with most.",
          width: 24,
          queries: [
            [
              `topk(10, sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{${state}}[1h])) > 0)`,
              "{{namespace}}/{{pod}}",
            ],
          ],
        }),
      ],
    },
  ],
});
