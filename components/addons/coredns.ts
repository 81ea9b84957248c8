import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { clusterDnsAddress, corefile, dnsPorts, dnsReplicas } from "../../plan/addons/dns.ts";
import { contentName, labelsOf, readiness, systemNamespace, unprivilegedUser } from "../../plan/addons/objects.ts";
import { acrossZones, addonTolerations, apart } from "../../plan/addons/placement.ts";
import type { ClusterConfig } from "../../plan/config.ts";
import type { Host } from "../../plan/inventory.ts";
import { heldUntilAny } from "../order.ts";
import type { Authority } from "../pki/authority.ts";
import { corednsMetrics } from "./corednsmetrics.ts";
import { childOptions } from "./options.ts";

export interface CoreDnsArgs {
  /** `corednsImage`, `clusterDomain`, `serviceCidr`, `dnsUpstreams`; `network: none` does not wait for readiness. */
  config: ClusterConfig;
  /** The cluster's authority: it signs who tells figures. */
  authority: Authority;
  /** The inventory: how many replicas, and whether they can be apart. */
  hosts: readonly Host[];
  /** See `AddonsArgs.nodes`. */
  nodes?: readonly pulumi.Resource[];
}

const program = "coredns";
/** Not kept apart from kubeadm's, so that NetworkPolicies and tools that look for the cluster's DNS find it. */
const selector = { "k8s-app": "kube-dns" };
const labels = { ...labelsOf(program, "dns"), ...selector };

/**
 * The cluster's DNS: replicas on different Nodes behind the tenth service address.
 *
 * Options: `providers` with the cluster's Kubernetes provider; `dependsOn` (Nodes) and `deletedWith` hold for every
 * object.
 */
export class CoreDns extends pulumi.ComponentResource {
  /** Address that pods ask. */
  readonly address: string;

  constructor(name: string, args: CoreDnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("plinth:addons:CoreDns", name, {}, opts);
    const { config, hosts, authority, nodes = [] } = args;
    const child = childOptions(this, opts);
    const awaited = readiness(config.network);
    this.address = clusterDnsAddress(config);

    const guard =
      config.metrics === undefined ? undefined : corednsMetrics(config, config.metrics, authority, this, child);
    const account = this.account(child);
    const text = corefile(config);
    const file = new k8s.core.v1.ConfigMap(
      program,
      {
        metadata: { name: contentName(program, text), namespace: systemNamespace, labels },
        immutable: true,
        data: { Corefile: text },
      },
      child,
    );
    new k8s.core.v1.Service(
      "kube-dns",
      {
        metadata: {
          name: "kube-dns",
          namespace: systemNamespace,
          labels: { ...labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
          ...awaited,
        },
        spec: {
          type: heldUntilAny(nodes, "ClusterIP"),
          clusterIP: this.address,
          selector,
          ports: [
            { name: "dns", port: dnsPorts.dns, protocol: "UDP", targetPort: "dns" },
            { name: "dns-tcp", port: dnsPorts.dns, protocol: "TCP", targetPort: "dns-tcp" },
            ...(guard === undefined
              ? [{ name: "metrics", port: dnsPorts.metrics, protocol: "TCP", targetPort: "metrics" }]
              : []),
          ],
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
          // A replica that does not serve keeps no host from being drained.
          unhealthyPodEvictionPolicy: "AlwaysAllow",
          selector: { matchLabels: selector },
        },
      },
      child,
    );
    new k8s.apps.v1.Deployment(
      program,
      {
        metadata: { name: program, namespace: systemNamespace, labels, ...awaited },
        spec: {
          replicas: heldUntilAny(nodes, dnsReplicas(hosts)),
          revisionHistoryLimit: 2,
          // Replicas that must be apart find no room for one more where there are only as many Nodes.
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
          selector: { matchLabels: selector },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: account.metadata.name,
              priorityClassName: "system-cluster-critical",
              // The Node's resolv.conf, for `forward`.
              dnsPolicy: "Default",
              nodeSelector: { "kubernetes.io/os": "linux" },
              tolerations: [...addonTolerations],
              affinity: { podAntiAffinity: apart(hosts, selector) },
              topologySpreadConstraints: acrossZones(selector),
              securityContext: {
                runAsNonRoot: true,
                runAsUser: unprivilegedUser,
                runAsGroup: unprivilegedUser,
                seccompProfile: { type: "RuntimeDefault" },
                // Opens the port below 1024 to that user.
                sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
              },
              containers: [
                container(config.corednsImage, guard === undefined),
                ...(guard === undefined ? [] : [guard.container]),
              ],
              volumes: [
                {
                  name: "config",
                  configMap: { name: file.metadata.name, items: [{ key: "Corefile", path: "Corefile" }] },
                },
                ...(guard === undefined ? [] : [guard.volume]),
              ],
            },
          },
        },
      },
      child,
    );
    this.registerOutputs({ address: this.address });
  }

  /** The pods' identity: it watches Services, their endpoints and Namespaces, and nothing else. */
  private account(child: pulumi.CustomResourceOptions): k8s.core.v1.ServiceAccount {
    const account = new k8s.core.v1.ServiceAccount(
      program,
      { metadata: { name: program, namespace: systemNamespace, labels } },
      child,
    );
    const role = new k8s.rbac.v1.ClusterRole(
      program,
      {
        metadata: { name: "system:coredns", labels },
        rules: [
          { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
          { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
        ],
      },
      child,
    );
    new k8s.rbac.v1.ClusterRoleBinding(
      program,
      {
        metadata: { name: "system:coredns", labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: systemNamespace }],
      },
      child,
    );
    return account;
  }
}

/** @param open whether its figures are told to whoever asks. */
function container(image: string, open: boolean): k8s.types.input.core.v1.Container {
  return {
    name: program,
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["-conf", "/etc/coredns/Corefile"],
    ports: [
      { name: "dns", containerPort: dnsPorts.dns, protocol: "UDP" },
      { name: "dns-tcp", containerPort: dnsPorts.dns, protocol: "TCP" },
      ...(open ? [{ name: "metrics", containerPort: dnsPorts.metrics, protocol: "TCP" }] : []),
      { name: "health", containerPort: dnsPorts.health, protocol: "TCP" },
      { name: "ready", containerPort: dnsPorts.ready, protocol: "TCP" },
    ],
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "170Mi" } },
    // Patient at the start: a CoreDNS that cannot reach the API yet is not better after a restart.
    livenessProbe: {
      httpGet: { path: "/health", port: "health", scheme: "HTTP" },
      initialDelaySeconds: 60,
      timeoutSeconds: 5,
      failureThreshold: 5,
    },
    readinessProbe: { httpGet: { path: "/ready", port: "ready", scheme: "HTTP" }, periodSeconds: 5 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      // The file of the official image carries this capability: without it the kernel does not start the program.
      capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
    },
    volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
  };
}
