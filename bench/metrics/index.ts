import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { renderRules } from "../../plan/alerts/index.ts";
import type { ScrapeConfig } from "../../plan/metrics/scrape.ts";
import { renderYaml } from "../../plan/yaml.ts";
import { readProcess } from "../proc.ts";
import { capture, type Captured, type Reader } from "./captured.ts";
import type { JobCost, MetricsRow } from "./row.ts";
import { SimulatedHosts } from "./simulated.ts";
import { labelsOf, numberOf } from "./query.ts";

export { metricsTable } from "./table.ts";

export interface MetricsBenchOptions {
  /** How the hosts of a cluster that runs are asked for figures, as its stack says. */
  jobs: readonly ScrapeConfig[];
  reader: Reader;
  /** Path of the program. */
  prometheus: string;
  /** Numbers of hosts. */
  sizes: readonly number[];
  /** Seconds between two looks of Prometheus at a host, and for which each size is measured. */
  interval: number;
  seconds: number;
  say: (line: string) => void;
  /** Ends the bench after what is under way. */
  stop: AbortSignal;
}

/** Prometheus finds all hosts within so many looks at them. */
const LOOKS = 4;
/** A minute on it: it is the time that it takes to begin. */
const BEGIN_SECONDS = 60;

/**
 * Measures Prometheus on simulated hosts that tell what those of a cluster tell. What fails stands in its row.
 *
 * @throws Error when the cluster has no control-plane host or no worker, or one does not answer.
 */
export async function benchMetrics(options: MetricsBenchOptions): Promise<MetricsRow[]> {
  const { jobs, reader, sizes, interval, say, stop } = options;
  const { controlPlane, worker } = instancesOf(jobs);
  const [first] = controlPlane;
  if (first === undefined || worker === undefined)
    throw new Error("the cluster has no control-plane host or no other one, to take figures from");
  say(`figures of ${first} and ${worker}, twice within ${interval} s`);
  const [ofFirst, ofWorker] = await Promise.all([first, worker].map((host) => capture(host, jobs, reader, interval)));
  const rows: MetricsRow[] = [];
  for (const size of sizes) {
    if (stop.aborted) break;
    say(`${size} hosts`);
    const workers = Array.from({ length: size - controlPlane.length }, (_, index) => `worker${index + 1}`);
    const hosts = new Map<string, Captured>([
      ...controlPlane.map((host): [string, Captured] => [host, ofFirst ?? new Map()]),
      ...workers.map((host): [string, Captured] => [host, ofWorker ?? new Map()]),
    ]);
    const simulated = await SimulatedHosts.start(hosts);
    try {
      rows.push(await measured(hosts, simulated, options));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      say(`${size} hosts FAILED: ${failure}`);
      rows.push({ ...nothing, hosts: size, failure });
    } finally {
      simulated.stop();
    }
  }
  return rows;
}

/** Names of the hosts with an API server, and of one that has none. */
function instancesOf(jobs: readonly ScrapeConfig[]): { controlPlane: string[]; worker: string | undefined } {
  const of = (some: readonly ScrapeConfig[]): string[] => [
    ...new Set(some.flatMap(({ static_configs }) => static_configs.flatMap(({ labels }) => labels["instance"] ?? []))),
  ];
  const controlPlane = of(jobs.filter(({ job_name }) => job_name === "apiserver"));
  return { controlPlane, worker: of(jobs).find((host) => !controlPlane.includes(host)) };
}

const nothing: Omit<MetricsRow, "hosts"> = {
  ...{ targets: 0, series: 0, samplesPerSecond: 0, bytesPerSecond: 0, processors: 0, peakMiB: 0, slowestRules: 0 },
  ...{ jobs: [], failure: undefined },
};

async function measured(
  hosts: ReadonlyMap<string, Captured>,
  simulated: SimulatedHosts,
  { jobs, prometheus, interval, seconds }: MetricsBenchOptions,
): Promise<MetricsRow> {
  const folder = mkdtempSync(path.join(tmpdir(), "plinth-bench-metrics-"));
  const server = `127.0.0.1:${await freePort()}`;
  let child: ChildProcess | undefined;
  try {
    writeFileSync(path.join(folder, "rules.yaml"), renderRules());
    writeFileSync(
      path.join(folder, "prometheus.yaml"),
      configuration(hosts, jobs, simulated.address, server, interval),
    );
    child = spawn(
      prometheus,
      [
        `--config.file=${folder}/prometheus.yaml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${server}`,
        "--log.level=error",
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const wanted = [...hosts.values()].reduce((sum, { size }) => sum + size, 0);
    await allUp(child, server, wanted, LOOKS * interval + BEGIN_SECONDS);
    const before = readProcess(child.pid ?? 0);
    const bytes = total(simulated);
    const began = performance.now();
    await delay(seconds * 1000);
    const took = (performance.now() - began) / 1000;
    const after = readProcess(child.pid ?? 0);
    if (before === undefined || after === undefined) throw new Error("Prometheus has ended");
    return {
      hosts: hosts.size,
      targets: wanted,
      series: await numberOf(server, "prometheus_tsdb_head_series"),
      samplesPerSecond: await numberOf(
        server,
        `rate(prometheus_tsdb_head_samples_appended_total{type="float"}[${seconds}s])`,
      ),
      bytesPerSecond: (total(simulated) - bytes) / took,
      processors: (after.ownCpu - before.ownCpu) / took,
      peakMiB: after.peakMiB,
      slowestRules: await numberOf(server, "max(prometheus_rule_group_last_duration_seconds)"),
      jobs: await Promise.all(
        jobs.map(async ({ job_name: name }): Promise<JobCost> => {
          const { bytes: all, answers } = simulated.sent.get(name) ?? { bytes: 0, answers: 1 };
          const kept = `avg(scrape_samples_post_metric_relabeling{scraped="${name}"})`;
          return { job: name, series: await numberOf(server, kept), bytes: all / answers };
        }),
      ),
      failure: undefined,
    };
  } finally {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All hosts have one address, and each job of each a path there. */
function configuration(
  hosts: ReadonlyMap<string, Captured>,
  jobs: readonly ScrapeConfig[],
  address: string,
  itself: string,
  interval: number,
): string {
  return renderYaml({
    global: { scrape_interval: `${interval}s`, evaluation_interval: `${interval}s` },
    rule_files: ["rules.yaml"],
    scrape_configs: [
      { job_name: "prometheus", static_configs: [{ targets: [itself] }] },
      ...jobs.map(({ job_name, metrics_path, metric_relabel_configs, static_configs: [one] }) => ({
        ...{ job_name, metrics_path, scheme: "http" },
        ...(metric_relabel_configs === undefined ? {} : { metric_relabel_configs }),
        static_configs: [...hosts]
          .filter(([, captured]) => captured.has(job_name))
          .map(([instance]) => ({
            targets: [address],
            labels: { ...one?.labels, instance, scraped: job_name, __metrics_path__: `/${instance}/${job_name}` },
          })),
      })),
    ],
  });
}

async function allUp(child: ChildProcess, server: string, wanted: number, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended with exit code ${child.exitCode}`);
    // It does not listen at once.
    const up = await numberOf(server, 'count(up{scraped!=""} == 1)').catch((error: unknown) => {
      if (performance.now() > end) throw error;
      return 0;
    });
    if (up >= wanted) return;
    if (performance.now() > end) {
      const down = new Set(await labelsOf(server, 'up{scraped!=""} == 0', "scraped"));
      throw new Error(`${up} of ${wanted} targets are up after ${seconds} s, not all of ${[...down].join(", ")}`);
    }
    await delay(1000);
  }
}

const total = ({ sent }: SimulatedHosts): number => [...sent.values()].reduce((sum, { bytes }) => sum + bytes, 0);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
