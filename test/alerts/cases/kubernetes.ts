import { held, histogram, spell, type AlertCase, type Series } from "../support/cases.ts";

const cluster = (severity: "critical" | "warning") => ({ severity, scope: "cluster" });

/** Both replicas of kube-state-metrics tell the same. */
const told = (figure: string, labels: string, values: string): Series =>
  Object.fromEntries(
    ["w2", "w3"].map((from) => [`${figure}{job="kube-state-metrics", instance="${from}", ${labels}}`, values]),
  );
const condition = (type: string, values: string): Series =>
  told("kube_node_status_condition", `node="w1", condition="${type}", status="true"`, values);
const ofNode = { node: "w1", instance: "w1", severity: "warning" };
const notReady = {
  labels: ofNode,
  summary: "the Node w1 has not been ready for 5 minutes: its pods are moved to others",
};

/** A job on two control-plane hosts, and another one there that answers. */
const onControlPlane = (job: string, values: string, other = held([1, 60])): Series =>
  Object.fromEntries(
    ["cp1", "cp2"].flatMap((instance) => [
      [`up{job="${job}", instance="${instance}"}`, values],
      [`up{job="node", instance="${instance}"}`, other],
    ]),
  );
const leads = (job: string, values: string): Series => ({
  [`leader_election_master_status{job="${job}", instance="cp1", name="${job}"}`]: values,
  [`leader_election_master_status{job="${job}", instance="cp2", name="${job}"}`]: held([0, 60]),
});

/** Neither answers; neither leads; and what is none of it. */
function controllerCases(alert: string, job: string, summary: string): AlertCase[] {
  const sent = [{ labels: cluster("critical"), summary }];
  return [
    { alert, series: onControlPlane(job, spell(1, 0, 20)), from: 10, until: 25, sent },
    {
      alert,
      title: "both answer, and neither leads",
      series: { ...onControlPlane(job, held([1, 60])), ...leads(job, spell(1, 0, 20)) },
      from: 10,
      until: 25,
      sent,
    },
    {
      alert,
      title: "the proxies of figures alone, and one of two",
      series: {
        ...onControlPlane(job, held([0, 30]), held([0, 30])),
        [`up{job="${job}", instance="cp3"}`]: held([1, 10], [0, 20]),
        'up{job="node", instance="cp3"}': held([1, 10], [0, 20]),
        ...leads(job, held([1, 60])),
      },
      steps: 30,
    },
  ];
}

const requests = (code: string, values: string): Series => ({
  [`apiserver_request_total{job="apiserver", resource="pods", instance="cp1", verb="GET", code="${code}"}`]: values,
});
const pods = (figure: string, deployment: string, namespace: string, values: string): Series =>
  told(figure, `namespace="${namespace}", deployment="${deployment}"`, values);
const responses = (rcode: string, values: string): Series => ({
  [`coredns_dns_responses_total{job="coredns", instance="w1", rcode="${rcode}"}`]: values,
});

export const kubernetesCases: readonly AlertCase[] = [
  {
    alert: "ApiDown",
    series: Object.fromEntries(
      ["cp1", "cp2"].map((instance) => [`up{job="apiserver", instance="${instance}"}`, spell(1, 0, 10)]),
    ),
    from: 7,
    until: 15,
    sent: [
      {
        labels: cluster("critical"),
        summary: "no API server answers: nothing in the cluster can be changed, and what fails is not replaced",
      },
    ],
  },
  {
    alert: "ApiServerDown",
    series: { 'up{job="apiserver", instance="cp1"}': spell(1, 0, 10) },
    from: 10,
    until: 15,
    sent: [
      {
        labels: { job: "apiserver", instance: "cp1", severity: "warning" },
        summary: "the API server of cp1 has not answered for 5 minutes",
      },
    ],
  },
  {
    alert: "BalancerEmpty",
    series: {
      'haproxy_backend_active_servers{job="haproxy", instance="cp1", proxy="kube-apiserver"}': spell(3, 0, 10),
      'haproxy_backend_active_servers{job="haproxy", instance="cp1", proxy="ingress"}': held([0, 40]),
    },
    from: 10,
    until: 15,
    sent: [
      {
        labels: { job: "haproxy", instance: "cp1", proxy: "kube-apiserver", severity: "warning" },
        summary: "HAProxy of cp1 has reached no API server for 5 minutes: it has nobody to send to",
      },
    ],
  },
  {
    alert: "ApiErrors",
    series: { ...requests("200", "0+900x80"), ...requests("500", "0+100x19 1900x60") },
    from: 3,
    until: 49,
    sent: [
      {
        labels: cluster("critical"),
        summary: "10% of the requests to the API fail: at that rate what may fail in a month is used up within days",
      },
    ],
  },
  {
    alert: "ApiErrors",
    title: "a change of leader: some seconds of failures in an hour",
    series: { ...requests("200", "0+1000x120"), ...requests("503", "0x60 50x60") },
    steps: 120,
  },
  {
    alert: "ApiSlow",
    series: histogram(
      "apiserver_request_sli_duration_seconds",
      'job="apiserver", instance="cp1", verb="GET", resource="pods", scope="resource"',
      { below: "1", within: "1.5", from: 5, to: 30 },
    ),
    from: 20,
    until: 33,
    sent: [
      {
        labels: { verb: "GET", ...cluster("warning") },
        summary: "one of a hundred requests GET of a single object takes 1.495s or more",
      },
    ],
  },
  ...controllerCases(
    "ControllerManagerDown",
    "kube-controller-manager",
    "no kube-controller-manager works: Nodes that fail are not noticed, and pods of theirs not replaced",
  ),
  ...controllerCases("SchedulerDown", "kube-scheduler", "no kube-scheduler works: new pods stay pending"),
  { alert: "NodeNotReady", series: condition("Ready", spell(1, 0, 10)), from: 10, until: 15, sent: [notReady] },
  {
    alert: "NodeUnderPressure",
    series: condition("DiskPressure", spell(0, 1, 20)),
    from: 15,
    until: 25,
    sent: [
      {
        labels: { ...ofNode, condition: "DiskPressure" },
        summary: "the Node w1 has DiskPressure: it takes no more pods, and ends some",
      },
    ],
  },
  {
    alert: "NodeCordoned",
    title: "with a while without figures in it",
    interval: "30m",
    series: told("kube_node_spec_unschedulable", 'node="w1"', held([0, 2], [1, 20], ["stale", 1], [1, 40], [0, 5])),
    from: 50,
    until: 63,
    sent: [{ labels: ofNode, summary: "the Node w1 has taken no pods for a day: somebody has cordoned it" }],
  },
  {
    alert: "AddonUnavailable",
    series: {
      ...pods("kube_deployment_status_replicas_available", "coredns", "kube-system", spell(2, 1, 30)),
      ...pods("kube_deployment_spec_replicas", "coredns", "kube-system", held([2, 60])),
      ...pods("kube_deployment_status_replicas_available", "shop", "default", held([0, 60])),
      ...pods("kube_deployment_spec_replicas", "shop", "default", held([2, 60])),
    },
    from: 20,
    until: 35,
    sent: [
      {
        labels: { namespace: "kube-system", deployment: "coredns", severity: "warning" },
        summary: "coredns in kube-system has 1 pods that serve, fewer than it is to have",
      },
    ],
  },
  {
    alert: "DnsDown",
    series: {
      'up{job="coredns", instance="w1"}': spell(1, 0, 10),
      'up{job="coredns", instance="w2"}': held([1, 3], [0, 12], [1, 10]),
    },
    from: 7,
    until: 15,
    sent: [{ labels: cluster("critical"), summary: "no CoreDNS answers: pods find no Services by name" }],
  },
  {
    alert: "DnsDown",
    title: "no pod of it is there",
    series: { 'up{job="coredns", instance="w1"}': held([1, 5], ["stale", 1], ["_", 9], [1, 10]) },
    from: 7,
    until: 15,
    sent: [{ labels: cluster("critical"), summary: "no CoreDNS answers: pods find no Services by name" }],
  },
  {
    alert: "DnsErrors",
    series: { ...responses("NOERROR", "0+900x60"), ...responses("SERVFAIL", "0x4 100+100x24 2500x30") },
    from: 16,
    until: 32,
    sent: [{ labels: cluster("warning"), summary: "10% of the questions to cluster DNS fail" }],
  },
];
