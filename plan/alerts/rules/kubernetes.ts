import type { AlertGroup } from "../alert.ts";
import { noneAnswers, objects, ofNodes, unknown, unlessWorkedOn } from "../promql.ts";

/**
 * Long requests stay open by design, and are no answers that somebody waits for. What is of no resource is asked by who looks whether a
 * server is well: that it says no while it begins is what it is asked for.
 */
const answered = 'job="apiserver", verb!~"WATCH|WATCHLIST|CONNECT", resource!=""';
const requests = "plinth:apiserver_requests:rate5m";
const failures = "plinth:apiserver_failures:rate5m";
const failing = (window: string): string =>
  `sum_over_time(${failures}[${window}]) / sum_over_time(${requests}[${window}])`;

/**
 * Share of requests that may fail: 0.1 percent, over 30 days. An alert goes by how fast that is used up, over a long window and a short one,
 * so that it ends soon after its cause has (https://sre.google/workbook/alerting-on-slos/).
 */
const budget = 0.001;
const burns = (rate: number, long: string, short: string): string =>
  `(${failing(long)} > ${rate * budget} and ${failing(short)} > ${rate * budget})`;

/** No replica answers, or all wait for each other to lead. */
const nobodyLeads = (job: string): string =>
  `${noneAnswers(job)} or (sum(leader_election_master_status{job="${job}", name="${job}"}) == 0 unless on () ${unknown(job)})`;

const ready = `kube_node_status_condition{${objects}, condition="Ready", status="true"}`;
const pressures = `kube_node_status_condition{${objects}, condition=~"DiskPressure|MemoryPressure|PIDPressure", status="true"}`;
const pods = (figure: string): string =>
  `max by (namespace, deployment) (${figure}{${objects}, namespace=~"kube-system|plinth-monitoring"})`;

/** Of Kubernetes: the API answers, its controllers work, Nodes are ready. */
export const kubernetesAlerts: AlertGroup = {
  name: "plinth-kubernetes",
  records: {
    [requests]: `sum(rate(apiserver_request_total{${answered}}[5m]))`,
    [failures]: `sum(rate(apiserver_request_total{${answered}, code=~"5.."}[5m])) or vector(0)`,
  },
  alerts: [
    {
      name: "ApiDown",
      severity: "critical",
      // Where there is one API server alone, a change of it takes less.
      expr: 'max(up{job="apiserver"}) == 0',
      for: "2m",
      summary: "no API server answers: nothing in the cluster can be changed, and what fails is not replaced",
      labels: { scope: "cluster" },
    },
    {
      name: "ApiServerDown",
      severity: "warning",
      expr: `up{job="apiserver"} == 0 ${unlessWorkedOn}`,
      for: "5m",
      summary: "the API server of {{ $labels.instance }} has not answered for 5 minutes",
    },
    {
      name: "BalancerEmpty",
      severity: "warning",
      expr: 'haproxy_backend_active_servers{job="haproxy", proxy="kube-apiserver"} == 0',
      for: "5m",
      summary: "HAProxy of {{ $labels.instance }} has reached no API server for 5 minutes: it has nobody to send to",
    },
    {
      name: "ApiErrors",
      severity: "critical",
      expr: `${burns(14.4, "1h", "5m")} or ${burns(6, "6h", "30m")}`,
      for: "2m",
      summary:
        "{{ $value | humanizePercentage }} of the requests to the API fail: at that rate what may fail in a month is used up within days",
      labels: { scope: "cluster" },
    },
    {
      name: "ApiSlow",
      severity: "warning",
      expr: 'histogram_quantile(0.99, sum by (le, verb) (rate(apiserver_request_sli_duration_seconds_bucket{job="apiserver", subresource!~"proxy|attach|log|exec|portforward", verb=~"GET|POST|PUT|PATCH|APPLY|DELETE", scope="resource"}[5m]))) > 1',
      for: "15m",
      summary:
        "one of a hundred requests {{ $labels.verb }} of a single object takes {{ $value | humanizeDuration }} or more",
      labels: { scope: "cluster" },
    },
    {
      name: "ControllerManagerDown",
      severity: "critical",
      expr: nobodyLeads("kube-controller-manager"),
      for: "5m",
      summary: "no kube-controller-manager works: Nodes that fail are not noticed, and pods of theirs not replaced",
      labels: { scope: "cluster" },
    },
    {
      name: "SchedulerDown",
      severity: "critical",
      expr: nobodyLeads("kube-scheduler"),
      for: "5m",
      summary: "no kube-scheduler works: new pods stay pending",
      labels: { scope: "cluster" },
    },
    {
      name: "NodeNotReady",
      severity: "warning",
      expr: `${ofNodes(ready)} == 0 ${unlessWorkedOn}`,
      for: "5m",
      summary: "the Node {{ $labels.node }} has not been ready for 5 minutes: its pods are moved to others",
    },
    {
      name: "NodeUnderPressure",
      severity: "warning",
      expr: `${ofNodes(pressures, "condition")} == 1`,
      for: "10m",
      summary: "the Node {{ $labels.node }} has {{ $labels.condition }}: it takes no more pods, and ends some",
    },
    {
      name: "NodeCordoned",
      severity: "warning",
      expr: `${ofNodes(`max_over_time(kube_node_spec_unschedulable{${objects}}[1h])`)} == 1 unless on (instance) ${ofNodes(`kube_node_spec_unschedulable{${objects}}`)} == 0`,
      for: "1d",
      summary: "the Node {{ $labels.node }} has taken no pods for a day: somebody has cordoned it",
    },
    {
      name: "AddonUnavailable",
      severity: "warning",
      expr: `${pods("kube_deployment_status_replicas_available")} < ${pods("kube_deployment_spec_replicas")}`,
      for: "15m",
      summary:
        "{{ $labels.deployment }} in {{ $labels.namespace }} has {{ $value }} pods that serve, fewer than it is to have",
    },
    {
      name: "DnsDown",
      severity: "critical",
      expr: 'max(up{job="coredns"}) == 0 or max(absent(up{job="coredns"})) == 1',
      for: "2m",
      summary: "no CoreDNS answers: pods find no Services by name",
      labels: { scope: "cluster" },
    },
    {
      name: "DnsErrors",
      severity: "warning",
      expr: 'sum(rate(coredns_dns_responses_total{job="coredns", rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total{job="coredns"}[5m])) > 0.03',
      for: "10m",
      summary: "{{ $value | humanizePercentage }} of the questions to cluster DNS fail",
      labels: { scope: "cluster" },
    },
  ],
};
