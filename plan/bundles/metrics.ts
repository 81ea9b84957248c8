import { unprivilegedUser } from "../addons/objects.ts";
import type { BundleSecret, LeafSpec } from "../bundle.ts";
import type { Check } from "../conditions.ts";
import { binaryPath } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { endpointsOf, metricsUser, tellsMetrics, type Upstream } from "../metrics/endpoints.ts";
import type { MetricsSettings } from "../metrics/settings.ts";
import { dataFolders } from "../monitoring/replicas.ts";
import { factsFile, paths, textfiles } from "../names.ts";
import { metricsReader } from "../pki.ts";
import { ports } from "../ports.ts";
import { metricsScript } from "../scripts.ts";
import { authorityFile } from "./certificates.ts";
import type { BundlePart } from "./part.ts";
import type { Resource } from "../resources.ts";
import { textfileFolder } from "../roles/shipped/node-exporter.ts";
import { scriptFile } from "./scriptfiles.ts";
import {
  balancerHardening,
  noProxies,
  renderTimer,
  renderUnit,
  restartsForever,
  unitFile,
  unitPath,
} from "./systemd.ts";

const root = "root:root";
const directory = "/etc/plinth/metrics";
const proxyConfig = `${directory}/haproxy.cfg`;
const pki = "/etc/kubernetes/pki/metrics";
const proxyUnit = "plinth-metrics.service";
const exporterUnit = "plinth-node-exporter.service";
const exporterUser = "plinth-node-exporter";
const factsName = "plinth-facts";
const factsTimer = `${factsName}.timer`;
const factsScript = `${paths.scripts}/metrics`;

/** The proxy of a host shows itself with this. */
const serverLeaf = (host: Host): LeafSpec => ({
  name: "metrics",
  authority: "kubernetes",
  commonName: host.name,
  dnsNames: [host.name],
  ipAddresses: [host.address],
  uses: ["server_auth"],
});

/** Certificate and key side by side, as HAProxy finds them: `NAME.crt` and `NAME.key`. */
function leafPair(leaf: LeafSpec, name: string): BundleSecret[] {
  const own = { owner: root, reload: [proxyUnit] };
  return [
    { ...own, path: `${pki}/${name}.crt`, mode: "0644", source: { kind: "leaf", leaf, part: "certificate" } },
    { ...own, path: `${pki}/${name}.key`, mode: "0600", source: { kind: "leaf", leaf, part: "key" } },
  ];
}

function backend(job: string, { port, path, tls }: Upstream): string {
  const secured =
    tls === true ? ` ssl verify required ca-file ${pki}/ca.crt verifyhost localhost crt ${pki}/reader.crt` : "";
  return `backend ${job}
  http-request set-path ${path}
  server ${job} 127.0.0.1:${port}${secured}
`;
}

/** One way in for all that has no login: TLS, one certificate that is let in, one path for each service. */
export function renderMetricsProxy(host: Host, config: ClusterConfig, { port }: MetricsSettings): string {
  const behind = endpointsOf(host, config).flatMap(({ job, upstream }) =>
    upstream === undefined ? [] : [{ job, upstream }],
  );
  return `global
  log stdout format raw daemon
  user haproxy
  group haproxy
  maxconn 100
  ssl-default-bind-options ssl-min-ver TLSv1.2
  # The key stands beside its certificate.
  ssl-load-extra-files key
  ssl-load-extra-del-ext

defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
  timeout http-request 10s
  timeout http-keep-alive 120s

frontend metrics
  bind ${host.address}:${port} ssl crt ${pki}/server.crt ca-file ${pki}/ca.crt verify required
  http-request deny deny_status 403 unless { ssl_c_s_dn(CN) -m str ${metricsUser} }
  http-request deny deny_status 405 unless METH_GET
  http-request deny deny_status 404 unless { path ${behind.map(({ job }) => `/${job}`).join(" ")} }
${behind.map(({ job }) => `  use_backend ${job} if { path /${job} }`).join("\n")}

${behind.map(({ job, upstream }) => backend(job, upstream)).join("\n")}`;
}

const proxyService = renderUnit({
  unit: {
    Description: "Plinth: figures of this host, for the identity that may read them",
    Documentation: "https://docs.haproxy.org/",
    Wants: "network-online.target",
    After: "network-online.target",
    ...restartsForever,
  },
  service: {
    Type: "notify",
    ExecStartPre: `/usr/sbin/haproxy -Ws -f ${proxyConfig} -c -q`,
    ExecStart: `/usr/sbin/haproxy -Ws -f ${proxyConfig}`,
    ExecReload: [`/usr/sbin/haproxy -Ws -f ${proxyConfig} -c -q`, "/bin/kill -USR2 $MAINPID"],
    KillMode: "mixed",
    SuccessExitStatus: "143",
    Restart: "always",
    RestartSec: "5",
    ...balancerHardening,
  },
});

/** Words of node_exporter. */
function exporterWords({ collect, leave }: MetricsSettings): string {
  return [
    binaryPath("node_exporter"),
    `--web.listen-address=127.0.0.1:${ports.nodeExporter}`,
    ...[textfiles, textfileFolder].map((folder) => `--collector.textfile.directory=${folder}`),
    ...collect.map((name) => `--collector.${name}`),
    ...leave.map((name) => `--no-collector.${name}`),
  ].join(" ");
}

const exporterService = (settings: MetricsSettings) =>
  renderUnit({
    unit: {
      Description: "Figures of this host, by node_exporter",
      Documentation: "https://github.com/prometheus/node_exporter",
      ...restartsForever,
    },
    service: {
      Type: "exec",
      User: exporterUser,
      ...noProxies,
      ExecStart: exporterWords(settings),
      Restart: "always",
      RestartSec: "5",
      NoNewPrivileges: "yes",
      ProtectSystem: "strict",
      ProtectHome: "yes",
      PrivateTmp: "yes",
      CapabilityBoundingSet: "",
    },
  });

/** Words of scripts/metrics/facts.sh: on members of etcd, which make backups, what is asked of these. */
function factsWords({ roles }: Host, { backup }: Pick<ClusterConfig, "backup">): string {
  const asked =
    backup === undefined || !roles.includes("etcd")
      ? []
      : [
          backup.everyMinutes * 60,
          ...(backup.drill?.maxAgeDays === undefined ? [] : [backup.drill.maxAgeDays * 86_400]),
        ];
  return [factsScript, factsFile, ...asked].join(" ");
}

const factsService = (host: Host, config: ClusterConfig) =>
  renderUnit({
    unit: { Description: "Plinth: writes down what it knows of this host, for node_exporter" },
    service: {
      Type: "oneshot",
      ExecStart: factsWords(host, config),
      Nice: "10",
      NoNewPrivileges: "yes",
      ProtectSystem: "strict",
      ReadWritePaths: paths.state,
      PrivateTmp: "yes",
      TimeoutStartSec: "60",
    },
    install: false,
  });

const timer = renderTimer({
  unit: { Description: "Plinth: writes down what it knows of this host, every minute" },
  // By itself systemd takes a minute more or less for the same: who holds a virtual IP has to be known sooner.
  timer: { OnBootSec: "20s", OnUnitInactiveSec: "60s", AccuracySec: "5s", Unit: `${factsName}.service` },
});

/** Pods own it, under a number that no account of the host has: that is how the kubelet leaves it as it is. It goes with its data. */
const dataFolderResource = (folder: string): Resource => {
  const parent = folder.slice(0, folder.lastIndexOf("/"));
  const owner = `-o ${unprivilegedUser} -g ${unprivilegedUser}`;
  return {
    kind: "command",
    key: `data-${folder.split("/").at(-1) ?? ""}`,
    creates: folder,
    run: `install -d -m 0755 '${parent}' && install -d -m 2770 ${owner} '${folder}'`,
    // The last one takes what is around them.
    undo: `rm -rf '${folder}' && { [ ! -d '${parent}' ] || rmdir --ignore-fail-on-non-empty '${parent}'; }`,
    user: "root",
    seconds: 300,
  };
};

/** What tells figures of a host, of what it runs, and of what Plinth knows of it; see plan/metrics/endpoints.ts. */
export const metrics: BundlePart = {
  name: "metrics",
  appliesTo: tellsMetrics,
  users: [{ name: exporterUser, home: "/nonexistent" }],
  directories: [
    { path: directory, mode: "0755", owner: root },
    { path: pki, mode: "0755", owner: root },
    { path: textfileFolder, mode: "0755", owner: root, atRelease: "keep" },
  ],
  listens: (host, config) =>
    config.metrics === undefined
      ? []
      : [
          {
            protocol: "tcp",
            address: host.address,
            port: config.metrics.port,
            unit: proxyUnit,
            what: "the proxy of figures",
          },
          { protocol: "tcp", address: "127.0.0.1", port: ports.nodeExporter, unit: exporterUnit },
        ],
  plan: ({ host, hosts, config }) => {
    const settings = config.metrics;
    if (settings === undefined) return {};
    const reads = endpointsOf(host, config).some(({ upstream }) => upstream?.tls === true);
    return {
      packages: [
        { name: "haproxy", command: "haproxy" },
        { name: "openssl", command: "openssl" },
      ],
      binaries: [{ name: "node_exporter", version: config.nodeExporterVersion, restart: [exporterUnit] }],
      ...(config.monitoring === undefined
        ? {}
        : { resources: dataFolders(host, hosts, config.monitoring).map(dataFolderResource) }),
      // A timer that begins anew has its service run at once.
      downloads: [scriptFile(factsScript, metricsScript(), { restart: [factsTimer] })],
      secrets: [
        authorityFile("kubernetes", `${pki}/ca.crt`, { reload: [proxyUnit] }),
        ...leafPair(serverLeaf(host), "server"),
        // What it reads figures of its own controllers with, which ask who comes.
        ...(reads ? leafPair(metricsReader, "reader") : []),
      ],
      files: [
        {
          path: proxyConfig,
          mode: "0644",
          owner: root,
          reload: [proxyUnit],
          content: renderMetricsProxy(host, config, settings),
        },
        unitFile(proxyUnit, proxyService, "0644"),
        unitFile(exporterUnit, exporterService(settings), "0644"),
        // Not a unit of the bundle: it is not there to be up.
        {
          path: unitPath(`${factsName}.service`),
          mode: "0644",
          owner: root,
          restart: [factsTimer],
          content: factsService(host, config),
        },
        unitFile(factsTimer, timer, "0644"),
      ],
      units: [exporterUnit, factsTimer, proxyUnit],
      checks: [
        ...[exporterUnit, factsTimer, proxyUnit].map((unit): Check => ({
          ...{ name: "unit-active", deadline: 30, unit, args: { unit } },
        })),
        // The timer is up whatever becomes of what it starts.
        { name: "command", deadline: 120, unit: factsTimer, args: { words: ["/usr/bin/test", "-s", factsFile] } },
      ],
    };
  },
};
