import { binaryPath, type BundleFile, type BundleSecret, type LeafSpec } from "../bundle.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { kubeletHours } from "../lives.ts";
import { ports } from "../ports.ts";
import { apiserverUnit, apiserverUrl, kubernetesAuthorityFile } from "./apiserver.ts";
import { leafFiles } from "./certificates.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { makesCniConfig } from "./cni.ts";
import { kubernetesDirectories, type BundlePart } from "./part.ts";
import { listIn, unionOf, type Reliance } from "./reliance.ts";
import {
  cipherSuites,
  mergeArguments,
  renderService,
  servesWith,
  suitesInstead,
  unitFile,
  type Arguments,
} from "./systemd.ts";

/** kube-controller-manager and kube-scheduler: leader-elected clients of the API server of their own host. */
interface Controller {
  /** Also the user, the unit and the binary. */
  name: "kube-controller-manager" | "kube-scheduler";
  leaf: "controller-manager" | "scheduler";
  description: string;
  port: number;
  /** Plinth's own arguments besides those that both have. */
  own: (config: ClusterConfig) => Arguments;
  key: "controllerManagerArgs" | "schedulerArgs";
  /** What is laid over them. */
  theirs: (config: ClusterConfig) => Arguments;
  /** What it says once it has read all that it is given, see `JudgeArguments`; arguments by which it does so without an API server. */
  judged: { accepted: string; overrides: Arguments };
  /** Keys besides its own certificate. */
  secrets: (restart: readonly string[]) => BundleSecret[];
}

const anyAddress = "0.0.0.0";
const signingKey = "/etc/kubernetes/pki/controller-manager/ca.key";
const serviceAccountKey = "/etc/kubernetes/pki/controller-manager/service-account.key";

/** All that are on by default, and the two that Nodes join by. */
const ownControllers = "*,bootstrapsigner,tokencleaner";
/**
 * Controllers that Nodes cannot join, or that add-ons and tenants do not work without, by both of their names
 * (cmd/kube-controller-manager/names of v1.36.3).
 */
const neededControllers = [
  ...["bootstrapsigner", "bootstrap-signer-controller", "tokencleaner", "token-cleaner-controller"],
  ...["csrapproving", "certificatesigningrequest-approving-controller"],
  ...["csrsigning", "certificatesigningrequest-signing-controller"],
  ...["root-ca-cert-publisher", "root-ca-certificate-publisher-controller"],
  ...["serviceaccount", "serviceaccount-controller", "nodelifecycle", "node-lifecycle-controller"],
  ...["deployment", "deployment-controller", "replicaset", "replicaset-controller"],
  ...["endpointslice", "endpointslice-controller", "clusterrole-aggregation", "clusterrole-aggregation-controller"],
  ...["namespace", "namespace-controller", "resourcequota", "resourcequota-controller"],
];
const networkControllers = ["nodeipam", "node-ipam-controller"];
/** What is answered to who has no credentials: checks are such. Kubernetes' own list, which an argument would replace. */
const openPaths = "/healthz,/readyz,/livez";

const managerService: Controller = {
  name: "kube-controller-manager",
  leaf: "controller-manager",
  description: "Kubernetes controller manager",
  port: ports.controllerManager,
  key: "controllerManagerArgs",
  own: (config) => ({
    "allocate-node-cidrs": "true",
    "client-ca-file": kubernetesAuthorityFile,
    "cluster-cidr": config.podCidr,
    "cluster-name": config.clusterName,
    "cluster-signing-cert-file": kubernetesAuthorityFile,
    // The most that a request gets; kubelets renew theirs before.
    "cluster-signing-duration": `${kubeletHours(config)}h`,
    "cluster-signing-key-file": signingKey,
    controllers: ownControllers,
    "root-ca-file": kubernetesAuthorityFile,
    "service-account-private-key-file": serviceAccountKey,
    "service-cluster-ip-range": config.serviceCidr,
    "terminated-pod-gc-threshold": "12500",
    "use-service-account-credentials": "true",
  }),
  theirs: ({ controllerManagerArgs }) => ({
    ...controllerManagerArgs,
    controllers: unionOf(ownControllers, controllerManagerArgs["controllers"]),
  }),
  judged: { accepted: "acquire.leader.lease", overrides: { "authentication-tolerate-lookup-failure": "true" } },
  secrets: (restart) => {
    const owner = "kube-controller-manager:kube-controller-manager";
    return [
      {
        path: signingKey,
        mode: "0600",
        owner,
        source: { kind: "authority", authority: "kubernetes", part: "key" },
        restart,
      },
      { path: serviceAccountKey, mode: "0600", owner, source: { kind: "service-account", part: "private" }, restart },
    ];
  },
};

const schedulerService: Controller = {
  name: "kube-scheduler",
  leaf: "scheduler",
  description: "Kubernetes scheduler",
  port: ports.scheduler,
  key: "schedulerArgs",
  own: () => ({}),
  theirs: (config) => config.schedulerArgs,
  judged: { accepted: "Starting.Kubernetes.Scheduler", overrides: {} },
  secrets: () => [],
};

/** Client of the API server, and server of its own health and metrics on the loopback address. */
function leafOf({ name, leaf }: Controller): LeafSpec {
  return {
    name: leaf,
    authority: "kubernetes",
    commonName: `system:${name}`,
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    uses: ["client_auth", "server_auth"],
  };
}

function ownArguments(controller: Controller, config: ClusterConfig): Arguments {
  const directory = `/etc/kubernetes/pki/${controller.leaf}`;
  const kubeconfig = `/etc/kubernetes/${controller.leaf}.conf`;
  return {
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    kubeconfig,
    "leader-elect": "true",
    profiling: "false",
    "secure-port": String(controller.port),
    "tls-cert-file": `${directory}/client.crt`,
    "tls-cipher-suites": cipherSuites,
    "tls-min-version": "VersionTLS12",
    "tls-private-key-file": `${directory}/client.key`,
    ...controller.own(config),
  };
}

/** Paths that are opened besides. */
function openedPaths({ "authorization-always-allow-paths": named }: Arguments): Arguments {
  return named === undefined ? {} : { "authorization-always-allow-paths": unionOf(openPaths, named) };
}

function filesOf(controller: Controller, host: Host, config: ClusterConfig): BundleFile[] {
  const { name, leaf } = controller;
  const unit = `${name}.service`;
  const directory = `/etc/kubernetes/pki/${leaf}`;
  const kubeconfig = `/etc/kubernetes/${leaf}.conf`;
  const args = mergeArguments(ownArguments(controller, config), {
    ...controller.theirs(config),
    ...openedPaths(config[controller.key]),
  });
  const service = renderService(
    {
      description: controller.description,
      documentation: `https://kubernetes.io/docs/reference/command-line-tools-reference/${name}/`,
      after: [apiserverUnit],
      // Before that its roles may not be there yet, and it would fail until they are.
      waitFor: { url: `${apiserverUrl(host)}/readyz`, authorityFile: kubernetesAuthorityFile },
      user: name,
      type: "exec",
      executable: binaryPath(name),
      args,
      stopSeconds: 30,
      essential: false,
      writable: [],
    },
    config,
  );
  return [
    {
      path: kubeconfig,
      mode: "0600",
      owner: `${name}:${name}`,
      restart: [unit],
      content: renderKubeconfig({
        cluster: config.clusterName,
        user: `system:${name}`,
        server: apiserverUrl(host),
        authority: { file: kubernetesAuthorityFile },
        certificate: { file: `${directory}/client.crt` },
        key: { file: `${directory}/client.key` },
      }),
    },
    unitFile(unit, service, "0600"),
  ];
}

/** Checks ask them on the loopback address, Nodes get their networks and certificates from one of them, and `status` reads their leases. */
function relianceOf(controller: Controller): Reliance {
  const lease = "status looks for the leader in the default lease";
  return {
    key: controller.key,
    appliesTo: ({ roles }) => roles.includes("control-plane"),
    own: ({ config }) => ownArguments(controller, config),
    binding: [
      "allocate-node-cidrs",
      "leader-elect",
      "controllers",
      "tls-cipher-suites",
      // By its roles the manager may do next to nothing itself.
      "use-service-account-credentials",
    ],
    accepts: {
      "bind-address": (address) => address === anyAddress,
      "allocate-node-cidrs": (_value, _host, config) => !makesCniConfig(config),
      "tls-cipher-suites": (suites, _host, config) =>
        servesWith(listIn(String(suites)), config[controller.key]["tls-min-version"]),
      // What is named is added to ours.
      controllers: (names, _host, config) => {
        const needed = [...neededControllers, ...(makesCniConfig(config) ? networkControllers : [])];
        return !needed.some((name) => listIn(String(names)).includes(`-${name}`));
      },
    },
    never: {
      "leader-elect-resource-name": lease,
      "leader-elect-resource-namespace": lease,
      master: "each goes by the API server of its own host",
      "cidr-allocator-type": "Nodes get their networks by the default",
    },
    instead: {
      "bind-address": `remove it, or write ${anyAddress}`,
      "cluster-cidr": "set plinth:podCidr, before the cluster is made",
      "service-cluster-ip-range": "set plinth:serviceCidr, before the cluster is made",
      controllers: `leave these on: ${neededControllers.filter((_, index) => index % 2 === 1).join(", ")}, ${networkControllers.at(-1)}`,
      "tls-cipher-suites": suitesInstead,
    },
  };
}

function partOf(controller: Controller): BundlePart {
  const { name, leaf, port } = controller;
  const unit = `${name}.service`;
  const directory = `/etc/kubernetes/pki/${leaf}`;
  const restart = [unit];
  const client = { leaf: leafOf(controller), path: `${directory}/client`, owner: `${name}:${name}`, restart };
  return {
    name,
    users: [{ name, home: "/nonexistent" }],
    directories: [...kubernetesDirectories, { path: directory, mode: "0755", owner: "root:root" }],
    listens: (_host, config) => [
      {
        protocol: "tcp",
        address: config[controller.key]["bind-address"] === anyAddress ? "*" : "127.0.0.1",
        port,
        unit,
      },
    ],
    plan: ({ host, config }) => ({
      binaries: [{ name, version: config.kubernetesVersion, restart }],
      files: filesOf(controller, host, config),
      secrets: [...leafFiles(client), ...controller.secrets(restart)],
      units: [unit],
      judges: [
        {
          name: "start",
          deadline: 30,
          unit,
          args: { memory: 200, settle: 0, executable: binaryPath(name), ...controller.judged },
        },
      ],
      checks: [
        {
          name: "http-ok",
          deadline: 120,
          unit,
          args: { url: `https://127.0.0.1:${port}/healthz`, authorityFile: kubernetesAuthorityFile, text: "ok" },
        },
      ],
    }),
  };
}

export const controllerManager: BundlePart = partOf(managerService);
export const scheduler: BundlePart = partOf(schedulerService);
export const controllerReliances: readonly Reliance[] = [managerService, schedulerService].map(relianceOf);
