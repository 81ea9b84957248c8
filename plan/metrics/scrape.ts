import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { renderYaml } from "../yaml.ts";
import { endpointsOf, type Endpoint } from "./endpoints.ts";

/** Where Prometheus finds the identity for figures: `ca.crt`, `reader.crt` and `reader.key`. */
export const identityFolder = "/etc/prometheus/plinth";

/** A figure that is told and not kept: its name, or its name and the value of a label. */
interface LeftOut {
  label?: string;
  /** Regular expression for the name, and after a semicolon for the value. */
  names: string;
}

/** Which features a component has: more than two hundred, and the same until its next version. */
const features: LeftOut = { names: "kubernetes_feature_enabled" };

/** By paths: figures that no rule, dashboard or autoscaler of the field goes by, and that are most of what is told there. */
const leftOut: Readonly<Record<string, LeftOut>> = {
  "/metrics": features,
  "/kube-controller-manager": features,
  "/kube-scheduler": features,
  "/kube-proxy": features,
  // Of containers.
  "/metrics/cadvisor": {
    names:
      "container_(network_(tcp|tcp6|udp|udp6)_usage_total|tasks_state|cpu_load_(d_)?average_10s|blkio_device_usage_total|memory_failures_total)",
  },
  // How often each method of containerd has come to each end there is.
  "/containerd": { names: "grpc_server_.+" },
  // A unit that is neither up nor has failed is in one of three other states.
  "/node": { names: "node_systemd_unit_state;(activating|deactivating|inactive)", label: "state" },
};

/** Addresses that Prometheus gives the same labels to. */
interface TargetGroup {
  targets: string[];
  labels: Record<string, string>;
}

/** An entry of Prometheus' `metric_relabel_configs`. */
interface Relabeling {
  source_labels: string[];
  regex: string;
  action: "drop";
}

/** One way to ask, and whom. */
export interface Job {
  /** Name of the job in Prometheus' configuration. Several of them may come to one `job`. */
  name: string;
  settings: { scheme: "https"; metrics_path: string; metric_relabel_configs?: Relabeling[] };
  /** One for each host. */
  targets: TargetGroup[];
}

/** What Prometheus is told of one job, as an entry of `scrape_configs`. */
export type ScrapeConfig = Job["settings"] & {
  job_name: string;
  tls_config: { ca_file: string; cert_file: string; key_file: string };
  static_configs: TargetGroup[];
};

/** Names of jobs are unique in a configuration, jobs are not: a kubelet tells figures at several paths. */
function nameOf({ job, path, upstream }: Endpoint): string {
  const last = path.split("/").at(-1) ?? "";
  return upstream !== undefined || path === "/metrics" ? job : `${job}-${last}`;
}

/**
 * Everything that tells figures on hosts.
 *
 * `instance` is the host's name in all of them, and `region`, `zone` and `rack` are where it stands, as far as the inventory says.
 */
export function jobsOf(hosts: readonly Host[], config: ClusterConfig): Job[] {
  const jobs = new Map<string, Job>();
  for (const host of hosts)
    for (const endpoint of endpointsOf(host, config)) {
      const name = nameOf(endpoint);
      const job = jobs.get(name) ?? { name, settings: settingsOf(endpoint), targets: [] };
      job.targets.push(targetOf(host, endpoint));
      jobs.set(name, job);
    }
  return [...jobs.values()];
}

function settingsOf({ path }: Endpoint): Job["settings"] {
  const drop = leftOut[path];
  return {
    scheme: "https",
    metrics_path: path,
    ...(drop === undefined
      ? {}
      : {
          metric_relabel_configs: [
            {
              source_labels: ["__name__", ...(drop.label === undefined ? [] : [drop.label])],
              regex: drop.names,
              action: "drop",
            },
          ],
        }),
  };
}

const targetOf = (host: Host, { job, path, port }: Endpoint): TargetGroup => ({
  targets: [`${host.address}:${port}`],
  labels: {
    ...{ job, instance: host.name },
    ...(job === "kubelet" ? { metrics_path: path } : {}),
    ...placeOf(host),
  },
});

/**
 * How Prometheus comes to the figures of all hosts.
 *
 * @param folder see `identityFolder`.
 */
export function scrapeConfigs(hosts: readonly Host[], config: ClusterConfig, folder = identityFolder): ScrapeConfig[] {
  return jobsOf(hosts, config).map(({ name, settings, targets }) => ({
    job_name: name,
    ...settings,
    tls_config: {
      ca_file: `${folder}/ca.crt`,
      cert_file: `${folder}/reader.crt`,
      key_file: `${folder}/reader.key`,
    },
    static_configs: targets,
  }));
}

const placeOf = ({ region, zone, rack }: Host): Record<string, string> => ({
  ...(region === undefined ? {} : { region }),
  ...(zone === undefined ? {} : { zone }),
  ...(rack === undefined ? {} : { rack }),
});

/** The same as YAML, a list for `scrape_configs` or for a file of `scrape_config_files`. */
export function renderScrapeConfig(hosts: readonly Host[], config: ClusterConfig, folder = identityFolder): string {
  return renderYaml({ scrape_configs: scrapeConfigs(hosts, config, folder) });
}
