import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { instanceName } from "../../../lab/paths.ts";
import { eventually } from "../../support/eventually.ts";
import { allHosts } from "../support/hosts.ts";
import type { Project } from "../support/project.ts";
import { Watch } from "../support/watch.ts";

/** What a server says to who has no identity; curl has 000 where it says nothing. */
const refused = /^(000|400|401|403)$/;

interface Pods {
  items: {
    metadata: { namespace: string; name: string; labels?: Record<string, string> };
    spec: { containers: { ports?: { name?: string; containerPort: number }[] }[] };
    status: { podIP?: string };
  }[];
}

/** `scrape.yaml` of `./plinth prometheus`, as far as it is of interest here. */
const scrapeFile = z.object({
  scrape_configs: z.array(
    z.object({
      scheme: z.literal("https"),
      metrics_path: z.string(),
      static_configs: z.array(z.object({ targets: z.array(z.string()), labels: z.object({ instance: z.string() }) })),
    }),
  ),
});

/** Seconds for which nothing may alarm. */
const hour = 3600;

/** Series by which it is known what figures cost: what it is, and how it is asked for. */
const costs: readonly (readonly [string, string])[] = [
  [
    "processors, of one",
    'sum by (pod) (rate(container_cpu_usage_seconds_total{namespace="plinth-monitoring", container!=""}[30m]))',
  ],
  [
    "memory, MiB",
    'max by (pod) (max_over_time(container_memory_working_set_bytes{namespace="plinth-monitoring", container=""}[30m])) / 1048576',
  ],
  ["processors, of one", 'rate(process_cpu_seconds_total{job="node"}[30m])'],
  ["memory, MiB", 'process_resident_memory_bytes{job="node"} / 1048576'],
  ["series in the head of Prometheus", "prometheus_tsdb_head_series"],
];

/** Figures of everything, and what they cost; nothing alarms as long as nothing is wrong. The cluster has to be there. */
export function monitoring(project: Project): void {
  describe("monitoring", () => {
    let watch: Watch;
    const curl = (address: string, ...more: string[]): string =>
      execFileSync("ip", [
        ...["netns", "exec", instanceName(project.dir), "curl", "-sk", "--max-time", "5", "-o", "/dev/null"],
        ...[address, ...more],
      ]).toString();
    /** `HTTP code`, or 000 where there is no answer, which is an error of curl's. */
    const status = (address: string): string => {
      try {
        return curl(address, "-w", "%{http_code}");
      } catch (error) {
        return (error as { stdout: Buffer }).stdout.toString();
      }
    };
    /** Every address on hosts that there are figures at, as users with a Prometheus of their own are told. */
    const targets = async (): Promise<{ instance: string; address: string }[]> => {
      const folder = mkdtempSync(path.join(tmpdir(), "plinth-e2e-prometheus-"));
      try {
        await project.expect(0, "prometheus", folder);
        const { scrape_configs: jobs } = scrapeFile.parse(
          parse(readFileSync(path.join(folder, "scrape.yaml"), "utf8")),
        );
        return jobs.flatMap(({ scheme, metrics_path, static_configs }) =>
          static_configs.flatMap(({ targets: addresses, labels: { instance } }) =>
            addresses.map((address) => ({ instance, address: `${scheme}://${address}${metrics_path}` })),
          ),
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    };

    before(async () => {
      watch = await Watch.begin(project);
    });
    after(() => watch.end());

    it("comes by one up, and a second one changes nothing", async () => {
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });

    it("has every target up, over TLS", async () => {
      const up = await eventually("all targets up", 180, async () => {
        const samples = await watch.query("up");
        const jobs = new Set(samples.map(({ labels }) => labels["job"]));
        return jobs.size >= 13 && samples.every(({ value }) => value === 1) ? samples : undefined;
      });
      const counts = Map.groupBy(up, ({ labels }) => labels["job"] ?? "");
      const series = await watch.query("sum by (job) (scrape_samples_post_metric_relabeling)");
      for (const { labels, value } of series)
        console.log(
          `      ${labels["job"] ?? ""}: ${counts.get(labels["job"] ?? "")?.length ?? 0} targets, ${value} series`,
        );
      for (const job of ["node", "kubelet"])
        assert.deepEqual(
          [...new Set(counts.get(job)?.map(({ labels }) => labels["instance"]))].toSorted(),
          allHosts.toSorted(),
        );
    });

    it("answers the identity, in so many bytes", async () => {
      const identity = JSON.parse(
        (await project.expect(0, "outputs", "metricsIdentity", "--show-secrets", "--json")).stdout,
      ) as Record<"certificate" | "key", string>;
      const folder = mkdtempSync(path.join(tmpdir(), "plinth-e2e-reader-"));
      try {
        for (const name of ["certificate", "key"] as const)
          writeFileSync(path.join(folder, name), identity[name], { mode: 0o600 });
        const words = [
          "--cert",
          `${folder}/certificate`,
          "--key",
          `${folder}/key`,
          "-w",
          "%{http_code} %{size_download}",
        ];
        for (const { instance, address } of await targets()) {
          const [code, bytes = ""] = curl(address, ...words).split(" ");
          const [, compressed = ""] = curl(address, ...words, "-H", "Accept-Encoding: gzip").split(" ");
          assert.equal(code, "200", address);
          if (["cp1", "w1"].includes(instance))
            console.log(`      ${address}: ${bytes} bytes, ${compressed} compressed`);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it("answers nobody else", async () => {
      const addresses = (await targets()).flatMap(({ address }) => [address, address.replace("https:", "http:")]);
      assert.ok(addresses.length > 80, addresses.join("\n"));
      for (const address of addresses) assert.match(status(address), refused, address);
      // Pods are reached from Nodes.
      const pods = JSON.parse((await project.expect(0, "kubectl", "get", "pods", "-A", "-o", "json")).stdout) as Pods;
      const ports = pods.items.flatMap(({ metadata, spec, status: { podIP = "" } }) =>
        metadata.namespace === "plinth-monitoring" || metadata.labels?.["k8s-app"] === "kube-dns"
          ? spec.containers.flatMap((container) =>
              (container.ports ?? [])
                .filter(({ name = "" }) => !["dns", "dns-tcp", "gossip", "gossip-udp"].includes(name))
                .map(({ name, containerPort }) => ({
                  of: `${metadata.name} ${name ?? ""}`,
                  at: `${podIP}:${containerPort}`,
                })),
            )
          : [],
      );
      for (const { of, at } of ports)
        for (const scheme of ["http", "https"]) {
          const asked = `curl -sk --max-time 5 -o /dev/null -w '%{http_code}' ${scheme}://${at}/metrics || true`;
          assert.match(await project.read("cp1", asked), refused, `${of} ${scheme}://${at}`);
        }
      console.log(`      ${addresses.length} addresses on hosts, and of pods ${ports.map(({ of }) => of).join(", ")}`);
      // Behind the proxies nobody listens on the network.
      for (const host of allHosts) {
        const open = await project.read(host, "ss -Hltn | awk '{print $4}'");
        const shown = open.split("\n").filter((line) => /:(9100|2381|10257|10259|10249|1338|8405|9153)$/.test(line));
        assert.deepEqual(
          shown.filter((line) => !line.startsWith("127.0.0.1:")),
          [],
          host,
        );
      }
    });

    it("says nothing while all control planes and all Nodes are changed one after the other, nor for an hour", async () => {
      await watch.beats(2);
      const since = Date.now();
      const quiet = async (): Promise<void> => {
        assert.deepEqual(await watch.toldSince(since), []);
      };
      project.configure("apiserverArgs", "{ goaway-chance: '0.002' }");
      await project.expect(0, "up", "--yes");
      await quiet();
      project.edit("Pulumi.lab.yaml", "  plinth:kubeletConfig:\n", "  plinth:kubeletConfig:\n    maxPods: 90\n");
      await project.expect(0, "up", "--yes");
      await quiet();
      console.log(`      two ups in ${Math.round((Date.now() - since) / 1000)} s`);
      while (Date.now() < since + hour * 1000) {
        await watch.beats(1);
        await quiet();
      }
      for (const copy of ["w1", "w2"]) assert.deepEqual(await watch.firing(copy), []);
      for (const [what, expression] of costs)
        for (const { labels, value } of await watch.query(expression))
          console.log(`      ${what}: ${labels["pod"] ?? labels["instance"] ?? ""} ${value}`);
    });

    it("goes by one up, with all that it had", async () => {
      project.unset("monitoring");
      project.unset("metrics");
      await project.expect(0, "up", "--yes");
      await project.expect(0, "up", "--yes", "--expect-no-changes");
      const left = await project.plinth("kubectl", "get", "namespace", "plinth-monitoring");
      assert.match(left.text, /NotFound/);
      for (const host of allHosts) {
        const found =
          "ls -d /var/lib/plinth-monitoring/* /etc/plinth/metrics /etc/systemd/system/plinth-metrics.service";
        assert.equal((await project.read(host, `${found} 2>/dev/null || true`)).trim(), "");
      }
    });
  });
}
