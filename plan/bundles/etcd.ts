import path from "node:path";
import { binaryPath, type BundleSecret, type LeafSpec } from "../bundle.ts";
import type { Check, Judge } from "../conditions.ts";
import { withRole, type Host } from "../inventory.ts";
import { paths } from "../names.ts";
import { ports } from "../ports.ts";
import { defaultDirectories, directoriesOf, mountsFor } from "../settings/directories.ts";
import { authorityFile, leafFiles } from "./certificates.ts";
import type { PartContent } from "./content.ts";
import { kubernetesDirectories, type BundlePart, type Placement } from "./part.ts";
import { listIn, unionByName, type Reliance } from "./reliance.ts";
import {
  cipherSuites,
  mergeArguments,
  renderService,
  servesWith,
  suitesInstead,
  unitFile,
  type Arguments,
} from "./systemd.ts";

export const etcdUnit = "etcd.service";
const bootstrapDirectory = path.dirname(paths.etcdBootstrap);
/** Directory of etcd's certificates and keys on control-plane hosts. */
export const etcdPki = "/etc/kubernetes/pki/etcd";
/** Certificates by which members know each other and are known to their clients. */
export const etcdCertificates: readonly string[] = [`${etcdPki}/server.crt`, `${etcdPki}/peer.crt`];
const peerFiles = { peerCertificateFile: `${etcdPki}/peer.crt`, peerKeyFile: `${etcdPki}/peer.key` };
/**
 * The name in a certificate by which members know each other on the peer port. Only members' own certificates have it, and all
 * of them do, whatever release made them: no member is ever refused, whichever of them ask for it already.
 */
export const memberName = "localhost";
const access = {
  authorityFile: `${etcdPki}/ca.crt`,
  certificateFile: `${etcdPki}/healthcheck.crt`,
  keyFile: `${etcdPki}/healthcheck.key`,
};

export function etcdClientUrl(host: Host): string {
  return `https://${host.address}:${ports.etcdClient}`;
}

function peerUrl(host: Host): string {
  return `https://${host.address}:${ports.etcdPeer}`;
}

function secrets(host: Host): BundleSecret[] {
  const restart = [etcdUnit];
  const owner = "etcd:etcd";
  const member: Omit<LeafSpec, "name"> = {
    authority: "etcd",
    commonName: host.name,
    dnsNames: [host.name, memberName],
    ipAddresses: ["127.0.0.1", host.address],
    // etcd's own gRPC gateway dials the member with its server certificate, hence client_auth too.
    uses: ["server_auth", "client_auth"],
  };
  const healthcheck: LeafSpec = {
    name: "etcd-healthcheck",
    authority: "etcd",
    commonName: "plinth-etcd-healthcheck",
    dnsNames: [],
    ipAddresses: [],
    uses: ["client_auth"],
  };
  return [
    authorityFile("etcd", `${etcdPki}/ca.crt`, { restart }),
    ...leafFiles({ leaf: { name: "etcd-server", ...member }, path: `${etcdPki}/server`, owner, restart }),
    ...leafFiles({ leaf: { name: "etcd-peer", ...member }, path: `${etcdPki}/peer`, owner, restart }),
    // Read by root only, for health checks and by the operator; no service depends on it.
    ...leafFiles({ leaf: healthcheck, path: `${etcdPki}/healthcheck`, owner: "root:root" }),
  ];
}

/**
 * A restart of the member takes the API server of its host along (PartOf=): it must serve again before the next host is
 * changed. Nothing is asked while the host has no control plane yet.
 */
function apiserverIsBack(host: Host): Check[] {
  if (!host.roles.includes("control-plane")) return [];
  const url = `https://${host.address}:${ports.apiserver}/readyz`;
  const check = { name: "http-ok", args: { url, authorityFile: "/etc/kubernetes/pki/ca.crt", text: "ok" } } as const;
  return [{ name: "if-bundle", deadline: 180, unit: etcdUnit, args: { bundle: "controlplane", check } }];
}

/** A member with corrupt data does not start, and members compare theirs. */
const ownGates = "InitialCorruptCheck=true,CompactHashCheck=true";

function ownArguments({ host, hosts, config }: Placement): Arguments {
  const { etcdArgs } = config;
  const members = withRole(hosts, "etcd").map(({ name }) => name);
  return {
    name: host.name,
    "data-dir": directoriesOf(config).etcd,
    "listen-client-urls": `${etcdClientUrl(host)},https://127.0.0.1:${ports.etcdClient}`,
    "advertise-client-urls": etcdClientUrl(host),
    "listen-peer-urls": peerUrl(host),
    "initial-advertise-peer-urls": peerUrl(host),
    "client-cert-auth": "true",
    "trusted-ca-file": `${etcdPki}/ca.crt`,
    "cert-file": `${etcdPki}/server.crt`,
    "key-file": `${etcdPki}/server.key`,
    // Clients' certificates come from the same authority. etcd takes one of both arguments.
    ...("peer-cert-allowed-cn" in etcdArgs
      ? { "peer-cert-allowed-cn": members.join(",") }
      : { "peer-cert-allowed-hostname": memberName }),
    "peer-client-cert-auth": "true",
    "peer-trusted-ca-file": `${etcdPki}/ca.crt`,
    "peer-cert-file": peerFiles.peerCertificateFile,
    "peer-key-file": peerFiles.peerKeyFile,
    "tls-min-version": "TLS1.2",
    // With TLS 1.3 alone etcd takes no list (server/embed/config.go of v3.6.14).
    ...(etcdArgs["tls-min-version"] === "TLS1.3" ? {} : { "cipher-suites": cipherSuites }),
    // 8 GiB, the largest size that etcd's documentation suggests.
    "quota-backend-bytes": String(8 * 1024 ** 3),
    // The API server compacts every 5 minutes; this is the second net.
    "auto-compaction-mode": "periodic",
    "auto-compaction-retention": "8h",
    "feature-gates": ownGates,
    "corrupt-check-time": "12h",
    "watch-progress-notify-interval": "5s",
    // The proxy of figures stands before it: whoever may read figures from the clients' port may read all data.
    ...(config.metrics === undefined ? {} : { "listen-metrics-urls": `http://127.0.0.1:${ports.etcdMetrics}` }),
  };
}

function argumentsOf(placement: Placement): Arguments {
  const { config } = placement;
  const gates = config.etcdArgs["feature-gates"];
  const theirs = gates === undefined ? {} : { "feature-gates": unionByName(ownGates, gates) };
  return mergeArguments(ownArguments(placement), { ...config.etcdArgs, ...theirs });
}

const byBootstrap = "the host finds out itself how its member joins";

/** What API servers, other members, checks and steps of the roster go by. */
export const etcdReliance: Reliance = {
  key: "etcdArgs",
  appliesTo: ({ roles }) => roles.includes("etcd"),
  own: ownArguments,
  binding: [
    ...["name", "client-cert-auth", "peer-client-cert-auth", "peer-cert-allowed-cn", "peer-cert-allowed-hostname"],
    "cipher-suites",
  ],
  accepts: {
    // Further ones may be those of members that are to come.
    "peer-cert-allowed-cn": (names, _host, _config, hosts) =>
      withRole(hosts, "etcd").every(({ name }) => listIn(String(names)).includes(name)),
    "cipher-suites": (suites, _host, { etcdArgs }) => servesWith(listIn(String(suites)), etcdArgs["tls-min-version"]),
  },
  never: {
    "config-file": "etcd reads no arguments beside it",
    "initial-cluster": byBootstrap,
    "initial-cluster-state": byBootstrap,
    "initial-cluster-token": byBootstrap,
    discovery: byBootstrap,
    "discovery-srv": byBootstrap,
    "force-new-cluster": "every start would begin another cluster",
    "wal-dir": "members are set aside, released and replaced by their data directory",
    "listen-client-http-urls": "checks and steps of the roster ask at the client port",
    "enable-grpc-gateway": "checks and steps of the roster ask by it",
    "client-cert-allowed-hostname": "the certificates of API servers and checks have no names",
  },
  instead: {
    "data-dir": "use plinth:directories.etcd",
    "wal-dir": "use plinth:directories.etcd, which holds all of it",
    "peer-cert-allowed-cn": "name all members in it, as the inventory does, or remove it",
    "cipher-suites": suitesInstead,
  },
};

/** The planned etcd begins a cluster of its own, with no data and no other member, and serves it. */
function judgeOf(host: Host): Judge {
  return {
    name: "start",
    deadline: 30,
    unit: etcdUnit,
    args: {
      memory: 150,
      accepted: "now.serving.peer",
      settle: 0,
      executable: binaryPath("etcd"),
      overrides: { "data-dir": `${paths.judged}/etcd`, "initial-cluster": `${host.name}=${peerUrl(host)}` },
    },
  };
}

function plan(placement: Placement): PartContent {
  const { host, hosts, config } = placement;
  const args = argumentsOf(placement);
  const members = withRole(hosts, "etcd")
    .map((member) => `${member.name}=${peerUrl(member)}`)
    .join(",");
  const service = renderService(
    {
      description: "etcd member of the Kubernetes control plane",
      documentation: "https://etcd.io/docs/",
      user: "etcd",
      type: "notify",
      environmentFile: paths.etcdBootstrap,
      executable: binaryPath("etcd"),
      args,
      stopSeconds: 30,
      essential: true,
      writable: [directoriesOf(config).etcd],
      mounts: mountsFor(config, "etcd"),
    },
    config,
  );
  return {
    binaries: [
      { name: "etcd", version: config.etcdVersion, restart: [etcdUnit] },
      { name: "etcdctl", version: config.etcdVersion },
      { name: "etcdutl", version: config.etcdVersion },
    ],
    files: [unitFile(etcdUnit, service, "0600")],
    secrets: secrets(host),
    units: [etcdUnit],
    judges: [judgeOf(host)],
    // A member that was restarted a moment ago, by hand or by its host, gets the time to come back.
    requires: [{ name: "etcd-quorum", deadline: 60, unit: etcdUnit, args: { url: etcdClientUrl(host), ...access } }],
    prepares: [
      {
        name: "etcd-join",
        deadline: 180,
        unit: etcdUnit,
        args: {
          name: host.name,
          peerUrl: peerUrl(host),
          dataDirectory: directoriesOf(config).etcd,
          ...access,
          ...peerFiles,
          token: config.clusterName,
          members,
        },
      },
    ],
    checks: [
      {
        name: "etcd-voter",
        // A member that joins receives all data before it is promoted.
        deadline: 300,
        unit: etcdUnit,
        args: { url: etcdClientUrl(host), ...access, name: host.name, members },
      },
      ...apiserverIsBack(host),
    ],
  };
}

/** One etcd member: TLS with client certificates for clients and peers, corruption checks, own user. */
export const etcd: BundlePart = {
  name: "etcd",
  users: [{ name: "etcd", home: defaultDirectories.etcd }],
  directories: (config) => [
    { path: directoriesOf(config).etcd, mode: "0700", owner: "etcd:etcd", atRelease: "keep" },
    // The file in it is made on the host, which alone knows whether there is a cluster to join.
    { path: bootstrapDirectory, mode: "0755", owner: "root:root", atRelease: "purge" },
    ...kubernetesDirectories,
    { path: etcdPki, mode: "0755", owner: "root:root" },
  ],
  listens: (host) =>
    [ports.etcdClient, ports.etcdPeer].map((port) => ({
      protocol: "tcp",
      address: host.address,
      port,
      unit: etcdUnit,
    })),
  plan,
};
