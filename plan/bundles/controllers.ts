import { binaryPath, type BundleBinary, type BundleFile, type BundleSecret } from "../bundle.ts";
import type { Check } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import type { Host } from "../inventory.ts";
import { ports } from "../ports.ts";
import { apiserverUnit, apiserverUrl, kubernetesAuthorityFile } from "./apiserver.ts";
import { leafFiles } from "./certificates.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { cipherSuites, mergeArguments, renderService, unitPath, type Arguments } from "./systemd.ts";

/** kube-controller-manager and kube-scheduler: leader-elected clients of the API server of their own host. */
interface Controller {
  /** Also the user, the unit and the binary. */
  name: "kube-controller-manager" | "kube-scheduler";
  leaf: "controller-manager" | "scheduler";
  description: string;
  port: number;
  arguments: (config: ClusterConfig) => Arguments;
  /** Keys besides its own certificate. */
  secrets: (restart: readonly string[]) => BundleSecret[];
}

const signingKey = "/etc/kubernetes/pki/controller-manager/ca.key";
const serviceAccountKey = "/etc/kubernetes/pki/controller-manager/service-account.key";

const controllerManager: Controller = {
  name: "kube-controller-manager",
  leaf: "controller-manager",
  description: "Kubernetes controller manager",
  port: ports.controllerManager,
  arguments: (config) =>
    mergeArguments(
      {
        "allocate-node-cidrs": "true",
        "client-ca-file": kubernetesAuthorityFile,
        "cluster-cidr": config.podCidr,
        "cluster-name": config.clusterName,
        "cluster-signing-cert-file": kubernetesAuthorityFile,
        "cluster-signing-key-file": signingKey,
        controllers: "*,bootstrapsigner,tokencleaner",
        "root-ca-file": kubernetesAuthorityFile,
        "service-account-private-key-file": serviceAccountKey,
        "service-cluster-ip-range": config.serviceCidr,
        "terminated-pod-gc-threshold": "12500",
        "use-service-account-credentials": "true",
      },
      config.controllerManagerArgs,
    ),
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

const scheduler: Controller = {
  name: "kube-scheduler",
  leaf: "scheduler",
  description: "Kubernetes scheduler",
  port: ports.scheduler,
  arguments: (config) => config.schedulerArgs,
  secrets: () => [],
};

export const controllers: readonly Controller[] = [controllerManager, scheduler];

export function controllerUnit(controller: Controller): string {
  return `${controller.name}.service`;
}

function pkiDirectory(controller: Controller): string {
  return `/etc/kubernetes/pki/${controller.leaf}`;
}

export function controllerDirectories(controller: Controller): { path: string; mode: string; owner: string }[] {
  return [{ path: pkiDirectory(controller), mode: "0755", owner: "root:root" }];
}

export function controllerFiles(controller: Controller, host: Host, config: ClusterConfig): BundleFile[] {
  const unit = controllerUnit(controller);
  const directory = pkiDirectory(controller);
  const kubeconfig = `/etc/kubernetes/${controller.leaf}.conf`;
  const args = mergeArguments(
    {
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
    },
    controller.arguments(config),
  );
  return [
    {
      path: kubeconfig,
      mode: "0600",
      owner: `${controller.name}:${controller.name}`,
      restart: [unit],
      content: renderKubeconfig({
        cluster: config.clusterName,
        user: `system:${controller.name}`,
        server: apiserverUrl(host),
        authority: { file: kubernetesAuthorityFile },
        certificate: { file: `${directory}/client.crt` },
        key: { file: `${directory}/client.key` },
      }),
    },
    {
      path: unitPath(unit),
      mode: "0600",
      owner: "root:root",
      restart: [unit],
      content: renderService(
        {
          description: controller.description,
          documentation: `https://kubernetes.io/docs/reference/command-line-tools-reference/${controller.name}/`,
          after: [apiserverUnit],
          // Before that its roles may not be there yet, and it would fail until they are.
          waitFor: { url: `${apiserverUrl(host)}/readyz`, authorityFile: kubernetesAuthorityFile },
          user: controller.name,
          type: "exec",
          executable: binaryPath(controller.name),
          args,
          stopSeconds: 30,
          essential: false,
          writable: [],
        },
        config,
      ),
    },
  ];
}

export function controllerSecrets(controller: Controller): BundleSecret[] {
  const restart = [controllerUnit(controller)];
  const owner = `${controller.name}:${controller.name}`;
  return [
    ...leafFiles({ leaf: controller.leaf, path: `${pkiDirectory(controller)}/client`, owner, restart }),
    ...controller.secrets(restart),
  ];
}

export function controllerBinary(controller: Controller, config: ClusterConfig): BundleBinary {
  return { name: controller.name, version: config.kubernetesVersion, restart: [controllerUnit(controller)] };
}

export function controllerCheck(controller: Controller): Check {
  return {
    name: "http-ok",
    deadline: 120,
    unit: controllerUnit(controller),
    args: {
      url: `https://127.0.0.1:${controller.port}/healthz`,
      authorityFile: kubernetesAuthorityFile,
      text: "ok",
    },
  };
}
