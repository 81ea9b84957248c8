import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../home.ts";
import { endpointsOf } from "../../plan/metrics/endpoints.ts";
import { configOf, hostsOf, threeHosts } from "./cluster.ts";
import { readExpression } from "./promql.ts";

/** Labels that every series has by where it was read (plan/metrics/scrape.ts). */
const ofTargets = ["job", "instance", "region", "zone", "rack", "metrics_path"];

/** Series of others that rules and dashboards go by, and their labels, as their sources have them. */
const others: Readonly<Record<string, string>> = {
  // Prometheus itself.
  up: "",
  ALERTS: "alertname alertstate severity scope",
  prometheus_rule_evaluation_failures_total: "rule_group",
  prometheus_remote_storage_queue_highest_sent_timestamp_seconds: "remote_name url",
  alertmanager_notifications_failed_total: "integration reason",
  alertmanager_notifications_total: "integration",
  // Every process in Go.
  process_cpu_seconds_total: "",
  process_resident_memory_bytes: "",
  process_start_time_seconds: "",
  // Kubernetes 1.36: test/instrumentation/documentation of its sources.
  apiserver_admission_webhook_admission_duration_seconds_bucket: "name operation rejected type",
  apiserver_current_inflight_requests: "request_kind",
  apiserver_flowcontrol_current_inqueue_requests: "flow_schema priority_level",
  apiserver_flowcontrol_rejected_requests_total: "flow_schema priority_level reason",
  apiserver_longrunning_requests: "component group resource scope subresource verb version",
  apiserver_request_sli_duration_seconds_bucket: "component group resource scope subresource verb version",
  apiserver_request_total: "code component dry_run group resource scope subresource verb version",
  apiserver_resource_objects: "group resource",
  etcd_request_duration_seconds_bucket: "group operation resource",
  kubelet_evictions: "eviction_signal",
  kubelet_pleg_relist_duration_seconds_bucket: "",
  kubelet_pod_start_sli_duration_seconds_bucket: "",
  kubelet_running_pods: "",
  kubelet_runtime_operations_errors_total: "operation_type",
  kubeproxy_network_programming_duration_seconds_bucket: "ip_family",
  kubeproxy_sync_proxy_rules_duration_seconds_bucket: "ip_family",
  kubernetes_build_info: "git_version major minor",
  leader_election_master_status: "name",
  scheduler_pending_pods: "queue",
  scheduler_scheduling_attempt_duration_seconds_bucket: "profile result",
  workqueue_depth: "name",
  // kube-state-metrics 2: docs/metrics of its sources.
  kube_deployment_spec_replicas: "namespace deployment",
  kube_deployment_status_replicas_available: "namespace deployment",
  kube_node_info: "node kernel_version kubelet_version",
  kube_node_spec_unschedulable: "node",
  kube_node_status_allocatable: "node resource unit",
  kube_node_status_condition: "node condition status",
  kube_pod_container_resource_requests: "namespace pod container node resource unit",
  kube_pod_container_status_restarts_total: "namespace pod container",
  kube_pod_status_phase: "namespace pod phase",
  // etcd 3.6.
  etcd_disk_backend_commit_duration_seconds_bucket: "",
  etcd_disk_wal_fsync_duration_seconds_bucket: "",
  etcd_mvcc_db_total_size_in_bytes: "",
  etcd_mvcc_db_total_size_in_use_in_bytes: "",
  etcd_network_peer_round_trip_time_seconds_bucket: "To",
  etcd_network_peer_sent_bytes_total: "To",
  etcd_server_has_leader: "",
  etcd_server_heartbeat_send_failures_total: "",
  etcd_server_apply_duration_seconds_bucket: "version op success",
  etcd_server_id: "server_id",
  etcd_server_is_leader: "",
  etcd_server_leader_changes_seen_total: "",
  etcd_server_proposals_committed_total: "",
  etcd_server_proposals_failed_total: "",
  etcd_server_proposals_pending: "",
  etcd_server_quota_backend_bytes: "",
  etcd_server_slow_apply_total: "",
  etcd_server_slow_read_indexes_total: "",
  grpc_server_handled_total: "grpc_code grpc_method grpc_service grpc_type",
  // node_exporter 1.10: collector/fixtures/e2e-output.txt of its sources.
  node_bonding_active: "master",
  node_bonding_slaves: "master",
  node_boot_time_seconds: "",
  node_cpu_seconds_total: "cpu mode",
  node_disk_io_time_seconds_total: "device",
  node_disk_read_bytes_total: "device",
  node_disk_written_bytes_total: "device",
  node_filefd_allocated: "",
  node_filefd_maximum: "",
  node_filesystem_avail_bytes: "device fstype mountpoint device_error",
  node_filesystem_files: "device fstype mountpoint device_error",
  node_filesystem_files_free: "device fstype mountpoint device_error",
  node_filesystem_readonly: "device fstype mountpoint device_error",
  node_filesystem_size_bytes: "device fstype mountpoint device_error",
  node_hwmon_temp_celsius: "chip sensor",
  node_md_disks: "device state",
  node_md_disks_required: "device",
  node_memory_MemAvailable_bytes: "",
  node_memory_MemTotal_bytes: "",
  node_netstat_Tcp_OutSegs: "",
  node_netstat_Tcp_RetransSegs: "",
  node_network_receive_bytes_total: "device",
  node_network_receive_errs_total: "device",
  node_network_transmit_bytes_total: "device",
  node_network_transmit_errs_total: "device",
  node_nf_conntrack_entries: "",
  node_nf_conntrack_entries_limit: "",
  node_pressure_cpu_waiting_seconds_total: "",
  node_pressure_io_stalled_seconds_total: "",
  node_pressure_memory_stalled_seconds_total: "",
  node_textfile_mtime_seconds: "file",
  node_time_seconds: "",
  node_systemd_unit_state: "name state type",
  node_timex_maxerror_seconds: "",
  node_timex_offset_seconds: "",
  node_timex_sync_status: "",
  node_uname_info: "domainname machine nodename release sysname version",
  node_vmstat_oom_kill: "",
  // CoreDNS, containerd (its CRI plugin), HAProxy 2.4 and later (its own exporter).
  coredns_cache_hits_total: "server type zones view",
  coredns_cache_requests_total: "server zones view",
  coredns_dns_request_duration_seconds_bucket: "server zone view",
  coredns_dns_requests_total: "server zone view proto family type",
  coredns_dns_responses_total: "server zone view rcode plugin",
  coredns_proxy_request_duration_seconds_bucket: "proxy_name to rcode",
  containerd_cri_container_start_seconds_bucket: "runtime",
  haproxy_backend_active_servers: "proxy",
  haproxy_frontend_current_sessions: "proxy",
  haproxy_server_check_failures_total: "proxy server",
};

/** Rows of the table of Plinth's own figures in docs/metrics.md: name → labels. */
export function documentedMetrics(): Map<string, string[]> {
  const text = readFileSync(join(home, "docs/metrics.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(plinth_\w+)` +\| ([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name = "", labels = ""]) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label)]),
  );
}

/** Names by which targets are told apart, of hosts with all roles and of what runs in the cluster. */
function knownJobs(): Set<string> {
  const config = configOf({ metrics: {} });
  const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
  const ofHosts = hosts.flatMap((host) => endpointsOf(host, config).map(({ job }) => job));
  return new Set([...ofHosts, "coredns", "kube-state-metrics", "prometheus", "alertmanager"]);
}

/** What rules compute for other rules: name → PromQL. */
type Records = Readonly<Record<string, string>>;

/**
 * Fails where an expression asks for series that nobody tells, for jobs that there are not, or by labels that they do not have.
 *
 * @returns the labels that its result can have.
 */
export function checkExpression(promql: string, where: string, records: Records = {}): Set<string> {
  const expression = readExpression(promql);
  const own = documentedMetrics();
  const jobs = knownJobs();
  const result = new Set([...expression.made, ...ofTargets]);
  for (const { metric, labels } of expression.selectors) {
    const recorded = records[metric];
    const known =
      recorded === undefined
        ? (own.get(metric) ?? others[metric]?.split(" ").filter((label) => label !== ""))
        : [...checkExpression(recorded, metric, records)];
    assert.ok(known !== undefined, `${where}: nobody tells ${metric}`);
    for (const label of known) result.add(label);
    for (const label of labels.keys())
      assert.ok([...known, ...ofTargets].includes(label), `${where}: ${metric} has no label ${label}`);
    for (const job of labels.get("job")?.split("|") ?? []) assert.ok(jobs.has(job), `${where}: there is no job ${job}`);
  }
  for (const label of expression.groupings)
    assert.ok(label === "le" || result.has(label), `${where}: none of its series has the label ${label}`);
  return result;
}
