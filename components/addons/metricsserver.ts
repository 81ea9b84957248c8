import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  metricsArguments,
  metricsLeaf,
  metricsMemoryLimit,
  metricsPort,
  metricsReplicas,
  metricsTlsDirectory,
} from "../../plan/addons/metrics.ts";
import { contentName, labelsOf, readiness, systemNamespace, unprivilegedUser } from "../../plan/addons/objects.ts";
import { acrossZones, addonTolerations, apart, ratherWorkers } from "../../plan/addons/placement.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { leafHours } from "../../plan/lives.ts";
import type { Authority } from "../pki/authority.ts";
import { makeLeaf } from "../pki/leaf.ts";
import { heldUntilAny } from "../order.ts";
import { childOptions } from "./options.ts";

export interface MetricsServerArgs {
  /** `metricsServerImage`, `clusterDomain`, life of certificates; `network: none` does not wait for readiness. */
  config: ClusterConfig;
  /** The inventory: how many replicas, whether they can be apart, and how much memory they may take. */
  hosts: readonly Host[];
  /** The cluster's authority: it signs the serving certificate, by which API servers recognise metrics-server. */
  authority: Authority;
  /** See `AddonsArgs.nodes`. */
  nodes?: readonly pulumi.Resource[];
}

const program = "metrics-server";
const rbac = "rbac.authorization.k8s.io";
const selector = { "k8s-app": program };
const labels = { ...labelsOf(program, "metrics"), ...selector };

/**
 * CPU and memory of Nodes and pods, for `kubectl top` and autoscalers. Verified on both sides: API servers check its
 * certificate, it checks those of the kubelets.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` (Nodes) and `deletedWith` hold for every
 * object.
 */
export class MetricsServer extends pulumi.ComponentResource {
  constructor(name: string, args: MetricsServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:MetricsServer", name, {}, opts);
    const { config, hosts, authority, nodes = [] } = args;
    const child = childOptions(this, opts);
    const awaited = readiness(config.network);

    const account = this.account(child);
    const certificate = this.certificate(args, child);
    const service = new k8s.core.v1.Service(
      program,
      {
        metadata: { name: program, namespace: systemNamespace, labels, ...awaited },
        spec: {
          type: heldUntilAny(nodes, "ClusterIP"),
          selector,
          ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: "https", appProtocol: "https" }],
        },
      },
      child,
    );
    new k8s.policy.v1.PodDisruptionBudget(
      program,
      {
        metadata: { name: program, namespace: systemNamespace, labels },
        spec: {
          maxUnavailable: 1,
          unhealthyPodEvictionPolicy: "AlwaysAllow",
          selector: { matchLabels: selector },
        },
      },
      child,
    );
    const deployment = new k8s.apps.v1.Deployment(
      program,
      {
        metadata: { name: program, namespace: systemNamespace, labels, ...awaited },
        spec: {
          replicas: heldUntilAny(nodes, metricsReplicas(hosts)),
          revisionHistoryLimit: 2,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
          selector: { matchLabels: selector },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: account.metadata.name,
              priorityClassName: "system-cluster-critical",
              nodeSelector: { "kubernetes.io/os": "linux" },
              tolerations: [...addonTolerations],
              affinity: {
                nodeAffinity: ratherWorkers,
                podAntiAffinity: apart(hosts, selector),
              },
              topologySpreadConstraints: acrossZones(selector),
              securityContext: {
                runAsNonRoot: true,
                runAsUser: unprivilegedUser,
                runAsGroup: unprivilegedUser,
                fsGroup: unprivilegedUser,
                seccompProfile: { type: "RuntimeDefault" },
              },
              containers: [container(config.metricsServerImage, metricsMemoryLimit(hosts))],
              volumes: [{ name: "tls", secret: { secretName: certificate.metadata.name, defaultMode: 0o440 } }],
            },
          },
        },
      },
      child,
    );
    // Last: a registered API that nobody serves breaks discovery, and with it the deletion of namespaces.
    new k8s.apiregistration.v1.APIService(
      program,
      {
        metadata: { name: "v1beta1.metrics.k8s.io", labels, ...awaited },
        spec: {
          group: "metrics.k8s.io",
          version: "v1beta1",
          groupPriorityMinimum: 100,
          versionPriority: 100,
          service: { name: service.metadata.name, namespace: systemNamespace, port: 443 },
          caBundle: authority.certificate.apply(base64),
        },
      },
      { ...child, dependsOn: [deployment] },
    );
    this.registerOutputs({});
  }

  /** The serving certificate as a Secret of its content: a renewed one rolls the pods. */
  private certificate(args: MetricsServerArgs, child: pulumi.CustomResourceOptions): k8s.core.v1.Secret {
    const leaf = makeLeaf(
      program,
      { spec: metricsLeaf(args.config), authority: args.authority, hours: leafHours(args.config) },
      this,
    );
    return new k8s.core.v1.Secret(
      program,
      {
        metadata: {
          name: leaf.certificate.apply((pem) => contentName(program, pem)),
          namespace: systemNamespace,
          labels,
        },
        type: "kubernetes.io/tls",
        immutable: true,
        data: { "tls.crt": leaf.certificate.apply(base64), "tls.key": leaf.key.apply(base64) },
      },
      child,
    );
  }

  /** The pods' identity: reads Nodes, pods and kubelets' metrics, and asks the API server who its clients are. */
  private account(child: pulumi.CustomResourceOptions): k8s.core.v1.ServiceAccount {
    const account = new k8s.core.v1.ServiceAccount(
      program,
      { metadata: { name: program, namespace: systemNamespace, labels } },
      child,
    );
    const subjects = [{ kind: "ServiceAccount", name: account.metadata.name, namespace: systemNamespace }];
    const role = new k8s.rbac.v1.ClusterRole(
      program,
      {
        metadata: { name: "system:metrics-server", labels },
        rules: [
          { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
          { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ],
      },
      child,
    );
    new k8s.rbac.v1.ClusterRoleBinding(
      program,
      {
        metadata: { name: "system:metrics-server", labels },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role.metadata.name },
        subjects,
      },
      child,
    );
    new k8s.rbac.v1.ClusterRoleBinding(
      `${program}-auth-delegator`,
      {
        metadata: { name: "metrics-server:system:auth-delegator", labels },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "system:auth-delegator" },
        subjects,
      },
      child,
    );
    new k8s.rbac.v1.RoleBinding(
      `${program}-auth-reader`,
      {
        metadata: { name: "metrics-server-auth-reader", namespace: systemNamespace, labels },
        roleRef: { apiGroup: rbac, kind: "Role", name: "extension-apiserver-authentication-reader" },
        subjects,
      },
      child,
    );
    // Whoever may view, edit or administer a namespace may see its metrics.
    new k8s.rbac.v1.ClusterRole(
      `${program}-reader`,
      {
        metadata: {
          name: "system:aggregated-metrics-reader",
          labels: {
            ...labels,
            "rbac.authorization.k8s.io/aggregate-to-view": "true",
            "rbac.authorization.k8s.io/aggregate-to-edit": "true",
            "rbac.authorization.k8s.io/aggregate-to-admin": "true",
          },
        },
        rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }],
      },
      child,
    );
    return account;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function container(image: string, memoryLimit: string): k8s.types.input.core.v1.Container {
  return {
    name: program,
    image,
    imagePullPolicy: "IfNotPresent",
    args: metricsArguments(),
    ports: [{ name: "https", containerPort: metricsPort, protocol: "TCP" }],
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: memoryLimit } },
    livenessProbe: { httpGet: { path: "/livez", port: "https", scheme: "HTTPS" }, periodSeconds: 10 },
    // Ready with the first metrics of a kubelet: the second round comes `--metric-resolution` after the start.
    readinessProbe: {
      httpGet: { path: "/readyz", port: "https", scheme: "HTTPS" },
      initialDelaySeconds: 15,
      periodSeconds: 2,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tls", mountPath: metricsTlsDirectory, readOnly: true }],
  };
}
