import { withRole, isNode } from "../../../plan/inventory.ts";
import { proxiedJobs } from "../../../plan/metrics/endpoints.ts";
import { scrapeConfigs } from "../../../plan/metrics/scrape.ts";
import { factsFile } from "../../../plan/names.ts";
import { configOf, hostsOf, threeHosts, type RankedInput } from "../../support/cluster.ts";
import type { Series } from "./cases.ts";
import { timeline } from "./timeline.ts";

const workers = [1, 2, 3].map((n): RankedInput => ({ name: `w${n}`, address: `192.0.2.2${n}`, roles: ["worker"] }));
export const hosts = hostsOf([...threeHosts, ...workers]);
export const config = configOf({ metrics: {} });
const controlPlane = withRole(hosts, "control-plane").map(({ name }) => name);

/** What happens to the cluster of three control-plane hosts, which balance, and three workers; by steps of a minute. Default: it is well. */
export interface Course {
  steps: number;
  /** Whether a host is there at all. */
  host?: (name: string, step: number) => boolean;
  /** Whether a service runs: by the name of its job, or `keepalived`, `flanneld`, `plinth-metrics`. */
  service?: (job: string, name: string, step: number) => boolean;
  cordoned?: (name: string, step: number) => boolean;
  /** Whether a bundle of the host is half done. */
  changing?: (name: string, step: number) => boolean;
  /** Who has the virtual IP, if anybody. */
  holder?: (step: number) => string | undefined;
  /** How often etcd has changed its leader. */
  elections?: (step: number) => number;
  /** How many pods of CoreDNS, of two, serve. */
  serving?: (step: number) => number;
}

const unitsOf: Readonly<Record<string, string>> = { apiserver: "kube-apiserver" };

/** What Prometheus scrapes of a cluster in a course of things. */
export function seriesOf(course: Course): Series {
  const { steps, cordoned, changing, elections, serving } = course;
  const isThere = (name: string, step: number) => course.host?.(name, step) ?? true;
  const runs = (job: string, name: string, step: number) =>
    isThere(name, step) && (course.service?.(job, name, step) ?? true);
  const answers = (job: string, name: string, step: number) =>
    runs(job, name, step) && (!proxiedJobs.includes(job) || runs("plinth-metrics", name, step));
  const series: Record<string, string> = {};
  const add = (name: string, labels: Record<string, string>, valueAt: (step: number) => number | undefined): void => {
    const text = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    series[`${name}{${text.join(", ")}}`] = timeline(steps, valueAt);
  };
  /** A figure that a job of a host tells. */
  const tell = (
    [job, instance]: readonly [string, string],
    name: string,
    labels: Record<string, string>,
    valueAt: (step: number) => number,
  ): void => {
    add(name, { job, instance, ...labels }, (step) => (answers(job, instance, step) ? valueAt(step) : undefined));
  };
  const flag = (truth: boolean | undefined) => (truth === true ? 1 : 0);

  for (const { static_configs } of scrapeConfigs(hosts, config))
    for (const { labels } of static_configs) {
      const { job = "", instance = "" } = labels;
      add("up", labels, (step) => flag(answers(job, instance, step)));
    }
  for (const job of ["coredns", "kube-state-metrics"])
    for (const instance of job === "coredns" ? ["w1", "w2"] : ["w2", "w3"]) {
      // Where its host is gone, the pod is made elsewhere after some minutes, and the target goes.
      const gone = (step: number) => [0, 1, 2, 3, 4, 5, 6].every((ago) => !isThere(instance, step - ago));
      add("up", { job, instance }, (step) => (gone(step) ? undefined : flag(runs(job, instance, step))));
    }

  for (const { name, roles } of hosts) {
    const node = ["node", name] as const;
    const services = [
      ...(roles.includes("etcd") ? ["etcd"] : []),
      ...(roles.includes("control-plane") ? ["apiserver", "kube-controller-manager", "kube-scheduler"] : []),
      ...(roles.includes("load-balancer") ? ["haproxy", "keepalived"] : []),
      ...["containerd", "flanneld", "kube-proxy", "kubelet"],
    ];
    for (const job of services) {
      const unit = { name: `${unitsOf[job] ?? job}.service`, state: "active", type: "notify" };
      tell(node, "node_systemd_unit_state", unit, (step) => flag(runs(job, name, step)));
      if (job !== "haproxy" && job !== "keepalived" && job !== "flanneld")
        tell([job, name], "process_start_time_seconds", {}, (step) => {
          let start = step;
          while (start > 0 && runs(job, name, start - 1)) start--;
          return start * 60;
        });
    }
    tell(node, "node_time_seconds", {}, (step) => step * 60);
    tell(node, "node_textfile_mtime_seconds", { file: factsFile }, (step) => step * 60);
    tell(node, "plinth_bundle_state", { bundle: "node", state: "half-done" }, (step) => flag(changing?.(name, step)));
    if (roles.includes("load-balancer")) {
      const address = { address: config.vip ?? "", instance: name };
      const holder = (step: number) => (course.holder === undefined ? "cp1" : course.holder(step));
      tell(node, "plinth_virtual_ip_held", address, (step) => flag(holder(step) === name));
      const backend = { proxy: "kube-apiserver" };
      const reached = (step: number) => controlPlane.filter((one) => runs("apiserver", one, step)).length;
      tell(["haproxy", name], "haproxy_backend_active_servers", backend, reached);
    }
    if (roles.includes("etcd")) {
      const together = (step: number) => controlPlane.filter((one) => runs("etcd", one, step)).length >= 2;
      tell(["etcd", name], "etcd_server_has_leader", {}, (step) => flag(together(step)));
      tell(["etcd", name], "etcd_server_leader_changes_seen_total", {}, (step) => 1 + (elections?.(step) ?? 0));
    }
    if (roles.includes("control-plane"))
      for (const job of ["kube-controller-manager", "kube-scheduler"]) {
        const first = (step: number) => controlPlane.find((one) => runs(job, one, step));
        tell([job, name], "leader_election_master_status", { name: job }, (step) => flag(first(step) === name));
      }
  }

  for (const from of ["w2", "w3"]) {
    const objects = ["kube-state-metrics", from] as const;
    for (const { name } of hosts.filter(isNode)) {
      const ready = { node: name, condition: "Ready", status: "true" };
      tell(objects, "kube_node_status_condition", ready, (step) => flag(runs("kubelet", name, step)));
      tell(objects, "kube_node_spec_unschedulable", { node: name }, (step) => flag(cordoned?.(name, step)));
    }
    const coredns = { namespace: "kube-system", deployment: "coredns" };
    tell(objects, "kube_deployment_status_replicas_available", coredns, (step) => serving?.(step) ?? 2);
    tell(objects, "kube_deployment_spec_replicas", coredns, () => 2);
  }
  return series;
}
