import { PercentUnit, RequestsPerSecond, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { figure, graph } from "./panels.ts";

const api = 'job="apiserver"';
/** Long requests stay open by design: they are counted, and nobody waits for their end. */
const answered = `${api}, verb!~"WATCH|WATCHLIST|CONNECT"`;
const failed = (window: string): string =>
  `sum(rate(apiserver_request_total{${answered}, code=~"5.."}[${window}])) / sum(rate(apiserver_request_total{${answered}}[${window}]))`;
const p99 = (histogram: string, labels: string, by: string): string =>
  `histogram_quantile(0.99, sum by (${by}, le) (rate(${histogram}{${labels}}[$__rate_interval])))`;

/** Does the API answer, how fast, and what slows it down? Also those that live by it: controllers and scheduler. */
export const apiServers = dashboard({
  name: "api",
  title: "API",
  description: "Requests to the API servers: how many, how many fail, how long they take, and what they wait for.",
  rows: [
    {
      title: "Now",
      panels: [
        figure({
          title: "Requests",
          tells: "Requests that all API servers answer, without those that stay open.",
          unit: RequestsPerSecond,
          width: 6,
          queries: [[`sum(rate(apiserver_request_total{${answered}}[5m]))`, ""]],
        }),
        figure({
          title: "Failed within an hour",
          tells:
            "Share of requests that an API server could not answer (5xx). One of a thousand may fail within a month.",
          unit: PercentUnit,
          decimals: 3,
          width: 6,
          queries: [[failed("1h"), ""]],
          limits: { orange: 0.001, red: 0.0144 },
        }),
        figure({
          title: "Slowest of a hundred",
          tells:
            "Of a hundred requests of a single object one takes this long or longer. Kubernetes' objective is less than 1 s.",
          unit: Seconds,
          decimals: 1,
          width: 6,
          queries: [
            [
              `max(histogram_quantile(0.99, sum by (verb, le) (rate(apiserver_request_sli_duration_seconds_bucket{${api}, scope="resource", verb=~"GET|POST|PUT|PATCH|DELETE", subresource!~"proxy|attach|log|exec|portforward"}[5m]))))`,
              "",
            ],
          ],
          limits: { orange: 0.5, red: 1 },
        }),
        figure({
          title: "Open watches",
          tells: "Requests of clients that want to be told of changes.",
          width: 6,
          queries: [[`sum(apiserver_longrunning_requests{${api}, verb="WATCH"})`, ""]],
        }),
      ],
    },
    {
      title: "Requests",
      panels: [
        graph({
          title: "Requests by verb",
          tells: "What clients do.",
          unit: RequestsPerSecond,
          queries: [[`sum by (verb) (rate(apiserver_request_total{${answered}}[$__rate_interval]))`, "{{verb}}"]],
        }),
        graph({
          title: "Requests by API server",
          tells: "How load spreads over the API servers. A server that others were restarted beside keeps more of it.",
          unit: RequestsPerSecond,
          queries: [
            [`sum by (instance) (rate(apiserver_request_total{${answered}}[$__rate_interval]))`, "{{instance}}"],
          ],
        }),
        graph({
          title: "Answers that say no",
          tells:
            "429: it is too much. 409: somebody else was first, which is nothing to worry about. 5xx: the server or its etcd has failed.",
          unit: RequestsPerSecond,
          queries: [
            [
              `sum by (code) (rate(apiserver_request_total{${answered}, code=~"409|429|5.."}[$__rate_interval]))`,
              "{{code}}",
            ],
          ],
        }),
        graph({
          title: "How long requests take",
          tells:
            "Of a hundred requests of a single object one takes this long or longer, by verb; without the time of webhooks.",
          unit: Seconds,
          limit: 1,
          queries: [
            [
              p99(
                "apiserver_request_sli_duration_seconds_bucket",
                `${api}, scope="resource", verb=~"GET|POST|PUT|PATCH|DELETE", subresource!~"proxy|attach|log|exec|portforward"`,
                "verb",
              ),
              "{{verb}}",
            ],
          ],
        }),
        graph({
          title: "How long lists take",
          tells:
            "Of a hundred lists one takes this long or longer: 5 s within a namespace, and 30 s over all, are the objectives.",
          unit: Seconds,
          limit: 30,
          queries: [
            [
              p99(
                "apiserver_request_sli_duration_seconds_bucket",
                `${api}, scope=~"namespace|cluster", verb="LIST"`,
                "scope",
              ),
              "{{scope}}",
            ],
          ],
        }),
        graph({
          title: "Requests under way",
          tells: "Requests that are worked on at the same time.",
          queries: [
            [
              `sum by (instance, request_kind) (apiserver_current_inflight_requests{${api}})`,
              "{{request_kind}} {{instance}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "What requests wait for",
      panels: [
        graph({
          title: "Requests in queues",
          tells: "API priority and fairness: requests that wait for their turn, by priority level.",
          queries: [
            [`sum by (priority_level) (apiserver_flowcontrol_current_inqueue_requests{${api}})`, "{{priority_level}}"],
          ],
        }),
        graph({
          title: "Requests that were sent away",
          tells: "API priority and fairness: requests that have found no place in a queue (429).",
          unit: RequestsPerSecond,
          queries: [
            [
              `sum by (priority_level, reason) (rate(apiserver_flowcontrol_rejected_requests_total{${api}}[$__rate_interval]))`,
              "{{priority_level}} {{reason}}",
            ],
          ],
        }),
        graph({
          title: "Webhooks",
          tells: "Of a hundred calls of a webhook for admission one takes this long or longer. Requests wait for them.",
          unit: Seconds,
          queries: [[p99("apiserver_admission_webhook_admission_duration_seconds_bucket", api, "name"), "{{name}}"]],
        }),
        graph({
          title: "etcd",
          tells: "Of a hundred requests of an API server to etcd one takes this long or longer.",
          unit: Seconds,
          queries: [[p99("etcd_request_duration_seconds_bucket", api, "operation"), "{{operation}}"]],
        }),
        graph({
          title: "Objects",
          tells: "What is stored; the ten resources with most.",
          queries: [
            [`topk(10, max by (group, resource) (apiserver_resource_objects{${api}}))`, "{{resource}} {{group}}"],
          ],
        }),
        graph({
          title: "Processors",
          tells: "What API servers, controllers and schedulers take, in processors.",
          queries: [
            [
              'rate(process_cpu_seconds_total{job=~"apiserver|kube-controller-manager|kube-scheduler"}[$__rate_interval])',
              "{{job}} {{instance}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "Controllers and scheduler",
      panels: [
        graph({
          title: "Work of controllers that waits",
          tells: "Objects in the queues of kube-controller-manager; the ten longest queues.",
          queries: [['topk(10, max by (name) (workqueue_depth{job="kube-controller-manager"}))', "{{name}}"]],
        }),
        graph({
          title: "Pods that wait for a Node",
          tells: "By the scheduler's queue: active is about to be looked at, unschedulable has found no Node.",
          queries: [['max by (queue) (scheduler_pending_pods{job="kube-scheduler"})', "{{queue}}"]],
        }),
        graph({
          title: "How long placing a pod takes",
          tells: "Of a hundred attempts of the scheduler one takes this long or longer.",
          unit: Seconds,
          queries: [
            [
              p99("scheduler_scheduling_attempt_duration_seconds_bucket", 'job="kube-scheduler"', "result"),
              "{{result}}",
            ],
          ],
        }),
        graph({
          title: "How long the start of a pod takes",
          tells:
            "Of a hundred pods one takes this long or longer to start, without pulling its images. 5 s is the objective.",
          unit: Seconds,
          limit: 5,
          queries: [
            [
              'histogram_quantile(0.99, sum by (le) (rate(kubelet_pod_start_sli_duration_seconds_bucket{job="kubelet"}[$__rate_interval])))',
              "99 of 100",
            ],
          ],
        }),
      ],
    },
  ],
});
