import {
  BytesPerSecondIEC,
  OpsPerSecond,
  PacketsPerSecond,
  PercentUnit,
  RequestsPerSecond,
  Seconds,
  Short,
} from "@grafana/grafana-foundation-sdk/units";
import { dashboard } from "./dashboard.ts";
import { graph, timeline } from "./panels.ts";

const host = 'job="node", instance=~"$host"';
/** Interfaces of the host itself: none of a pod, and not those that only pass on what others have. */
const links = `${host}, device!~"lo|veth.*|cali.*|lxc.*|cni0|flannel.*|docker.*|virbr.*"`;
const dns = 'job="coredns"';

/** Do packets arrive, do Services lead to pods, do names resolve, does the load balancer find API servers? */
export const network = dashboard({
  name: "network",
  title: "Network",
  description: "Links of hosts, the pod network, kube-proxy, DNS, and the load balancer of the API.",
  byHost: true,
  rows: [
    {
      title: "Links of hosts",
      panels: [
        graph({
          title: "Received",
          tells: "By all links of a host.",
          unit: BytesPerSecondIEC,
          queries: [
            [`sum by (instance) (rate(node_network_receive_bytes_total{${links}}[$__rate_interval]))`, "{{instance}}"],
          ],
        }),
        graph({
          title: "Sent",
          tells: "By all links of a host.",
          unit: BytesPerSecondIEC,
          queries: [
            [`sum by (instance) (rate(node_network_transmit_bytes_total{${links}}[$__rate_interval]))`, "{{instance}}"],
          ],
        }),
        graph({
          title: "Errors",
          tells:
            "Packets that a link could not receive or send. A healthy link has none: look at cable, transceiver and switch.",
          unit: PacketsPerSecond,
          queries: [
            [
              `rate(node_network_receive_errs_total{${links}}[$__rate_interval]) > 0`,
              "received {{instance}} {{device}}",
            ],
            [`rate(node_network_transmit_errs_total{${links}}[$__rate_interval]) > 0`, "sent {{instance}} {{device}}"],
          ],
        }),
        graph({
          title: "Segments of TCP that were sent again",
          tells: "Share of what a host sends. Above some percent somebody drops packets.",
          unit: PercentUnit,
          limit: 0.02,
          queries: [
            [
              `rate(node_netstat_Tcp_RetransSegs{${host}}[$__rate_interval]) / rate(node_netstat_Tcp_OutSegs{${host}}[$__rate_interval])`,
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "Connections that are tracked",
          tells: "Share of the kernel's table. When it is full, new connections are dropped.",
          unit: PercentUnit,
          most: 1,
          limit: 0.8,
          queries: [[`node_nf_conntrack_entries{${host}} / node_nf_conntrack_entries_limit{${host}}`, "{{instance}}"]],
        }),
        graph({
          title: "Between Nodes, in packets of VXLAN",
          tells:
            "What flannel sends to Nodes in other subnets. Within a subnet there are plain routes, and nothing here.",
          unit: BytesPerSecondIEC,
          queries: [
            [`rate(node_network_transmit_bytes_total{${host}, device="flannel.1"}[$__rate_interval])`, "{{instance}}"],
          ],
        }),
      ],
    },
    {
      title: "Services",
      panels: [
        graph({
          title: "How long kube-proxy takes to write its rules",
          tells: "Of a hundred times one takes this long or longer.",
          unit: Seconds,
          queries: [
            [
              'histogram_quantile(0.99, sum by (instance, le) (rate(kubeproxy_sync_proxy_rules_duration_seconds_bucket{job="kube-proxy", instance=~"$host"}[$__rate_interval])))',
              "{{instance}}",
            ],
          ],
        }),
        graph({
          title: "How long a change of a Service takes to arrive",
          tells: "Of a hundred changes one takes this long or longer until a Node knows of it.",
          unit: Seconds,
          queries: [
            [
              'histogram_quantile(0.99, sum by (instance, le) (rate(kubeproxy_network_programming_duration_seconds_bucket{job="kube-proxy", instance=~"$host"}[$__rate_interval])))',
              "{{instance}}",
            ],
          ],
        }),
      ],
    },
    {
      title: "DNS",
      panels: [
        graph({
          title: "Questions",
          tells: "Questions to CoreDNS, by their type.",
          unit: RequestsPerSecond,
          queries: [[`sum by (type) (rate(coredns_dns_requests_total{${dns}}[$__rate_interval]))`, "{{type}}"]],
        }),
        graph({
          title: "Answers",
          tells: "NXDOMAIN is no error: resolvers try one search domain after the other. SERVFAIL is one.",
          unit: RequestsPerSecond,
          queries: [[`sum by (rcode) (rate(coredns_dns_responses_total{${dns}}[$__rate_interval]))`, "{{rcode}}"]],
        }),
        graph({
          title: "How long answers take",
          tells: "Of a hundred answers one takes this long or longer: CoreDNS', and of the name servers behind it.",
          unit: Seconds,
          queries: [
            [
              `histogram_quantile(0.99, sum by (le) (rate(coredns_dns_request_duration_seconds_bucket{${dns}}[$__rate_interval])))`,
              "CoreDNS",
            ],
            [
              `histogram_quantile(0.99, sum by (to, le) (rate(coredns_proxy_request_duration_seconds_bucket{${dns}}[$__rate_interval])))`,
              "{{to}}",
            ],
          ],
        }),
        graph({
          title: "Answers from the cache",
          tells: "Share of the questions that CoreDNS answers by itself.",
          unit: PercentUnit,
          most: 1,
          queries: [
            [
              `sum(rate(coredns_cache_hits_total{${dns}}[$__rate_interval])) / sum(rate(coredns_cache_requests_total{${dns}}[$__rate_interval]))`,
              "hits",
            ],
          ],
        }),
      ],
    },
    {
      title: "Load balancer of the API",
      panels: [
        timeline({
          title: "Virtual IPs",
          tells: "The host that holds a virtual IP. One holds it at a time.",
          queries: [["max by (address, instance) (plinth_virtual_ip_held)", "{{address}} {{instance}}"]],
          states: { "1": ["holds it", "blue"], "0": ["waits", "transparent"] },
        }),
        graph({
          title: "API servers that a load balancer sends to",
          tells:
            "One line for each load balancer. With fewer than there are API servers, one of them does not answer it.",
          unit: Short,
          queries: [['haproxy_backend_active_servers{job="haproxy", proxy="kube-apiserver"}', "{{instance}}"]],
        }),
        graph({
          title: "Connections",
          tells: "Connections to the API that are open by a load balancer. Only who holds the virtual IP has many.",
          queries: [['haproxy_frontend_current_sessions{job="haproxy", proxy="kube-apiserver"}', "{{instance}}"]],
        }),
        graph({
          title: "Checks that have failed",
          tells: "API servers that did not answer a load balancer's check.",
          unit: OpsPerSecond,
          queries: [
            [
              'sum by (instance, server) (rate(haproxy_server_check_failures_total{job="haproxy", proxy="kube-apiserver"}[$__rate_interval]))',
              "{{server}} by {{instance}}",
            ],
          ],
        }),
      ],
    },
  ],
});
