import {
  binaryPath,
  type BundleBinary,
  type BundleDirectory,
  type BundleFile,
  type BundleSecret,
  type SecretSource,
} from "../bundle.ts";
import type { Check } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { withRole, type Host } from "../inventory.ts";
import { ports } from "../ports.ts";
import { authorityFile, leafFiles } from "./certificates.ts";
import { etcdClientUrl, etcdUnit } from "./etcd.ts";
import { cipherSuites, mergeArguments, renderService, unitPath, type Arguments } from "./systemd.ts";

export const apiserverUnit = "kube-apiserver.service";
export const apiserverUser = "kube-apiserver";
export const kubernetesAuthorityFile = "/etc/kubernetes/pki/ca.crt";
const pki = "/etc/kubernetes/pki/apiserver";
const auditDirectory = "/var/log/kubernetes";
const restart = [apiserverUnit];

export const apiserverDirectories: BundleDirectory[] = [
  { path: pki, mode: "0755", owner: "root:root" },
  { path: auditDirectory, mode: "0700", owner: `${apiserverUser}:${apiserverUser}`, atRelease: "purge" },
];

/** The API server at the host's own address. */
export function apiserverUrl(host: Host): string {
  return `https://${host.address}:${ports.apiserver}`;
}

/**
 * The etcd endpoints of an API server: the member on its own host where there is one.
 *
 * Only that one, as kubeadm does: a client that spreads its requests over all members waits up to 10 s for a member
 * that lost power, whereas a sick local member turns exactly one API server unready, which the load balancer then skips.
 */
export function etcdEndpoints(host: Host, hosts: readonly Host[]): string[] {
  return host.roles.includes("etcd") ? [etcdClientUrl(host)] : withRole(hosts, "etcd").map(etcdClientUrl);
}

function apiserverArguments(host: Host, hosts: readonly Host[], config: ClusterConfig): Arguments {
  return mergeArguments(
    {
      "advertise-address": host.address,
      "allow-privileged": "true",
      "audit-log-maxage": "30",
      "audit-log-maxbackup": "10",
      "audit-log-maxsize": "100",
      "audit-log-path": `${auditDirectory}/audit.log`,
      "audit-policy-file": "/etc/kubernetes/audit-policy.yaml",
      "authentication-config": "/etc/kubernetes/authentication.yaml",
      "authorization-mode": "Node,RBAC",
      "bind-address": host.address,
      "client-ca-file": kubernetesAuthorityFile,
      "enable-admission-plugins": "NodeRestriction",
      "enable-aggregator-routing": "true",
      "enable-bootstrap-token-auth": "true",
      "encryption-provider-config": "/etc/kubernetes/encryption.yaml",
      "etcd-cafile": `${pki}/etcd-ca.crt`,
      "etcd-certfile": `${pki}/etcd-client.crt`,
      "etcd-keyfile": `${pki}/etcd-client.key`,
      "etcd-servers": etcdEndpoints(host, hosts).join(","),
      "goaway-chance": "0.001",
      "kubelet-certificate-authority": kubernetesAuthorityFile,
      "kubelet-client-certificate": `${pki}/kubelet-client.crt`,
      "kubelet-client-key": `${pki}/kubelet-client.key`,
      "kubelet-preferred-address-types": "InternalIP,Hostname",
      "peer-ca-file": kubernetesAuthorityFile,
      profiling: "false",
      "proxy-client-cert-file": `${pki}/front-proxy-client.crt`,
      "proxy-client-key-file": `${pki}/front-proxy-client.key`,
      "requestheader-allowed-names": "front-proxy-client",
      "requestheader-client-ca-file": `${pki}/front-proxy-ca.crt`,
      "requestheader-extra-headers-prefix": "X-Remote-Extra-",
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-username-headers": "X-Remote-User",
      "secure-port": String(ports.apiserver),
      "service-account-extend-token-expiration": "false",
      "service-account-issuer": `https://kubernetes.default.svc.${config.clusterDomain}`,
      "service-account-key-file": `${pki}/service-account.pub`,
      "service-account-signing-key-file": `${pki}/service-account.key`,
      "service-cluster-ip-range": config.serviceCidr,
      // Longer than the load balancers need to see /readyz turn red (loadbalancer.ts), so that no client notices a stop.
      "shutdown-delay-duration": "10s",
      // Open watches hold a stop for 60 s otherwise.
      "shutdown-watch-termination-grace-period": "5s",
      "tls-cert-file": `${pki}/server.crt`,
      "tls-cipher-suites": cipherSuites,
      "tls-min-version": "VersionTLS12",
      "tls-private-key-file": `${pki}/server.key`,
    },
    config.apiserverArgs,
  );
}

/** Requests without a certificate or token are answered on the health endpoints only. */
const authentication = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
    - path: /healthz
    - path: /livez
    - path: /readyz
`;

/** Who did what, without the contents of secrets and without the noise of health checks and leases. */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
  - RequestReceived
rules:
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"]
  - level: None
    verbs: ["get", "list", "watch"]
    users: ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"]
  - level: None
    userGroups: ["system:nodes"]
    verbs: ["get", "list", "watch"]
  - level: None
    resources:
      - group: coordination.k8s.io
        resources: ["leases"]
  - level: None
    resources:
      - group: ""
        resources: ["events"]
      - group: events.k8s.io
        resources: ["events"]
  - level: Metadata
    resources:
      - group: ""
        resources: ["secrets", "configmaps", "serviceaccounts/token"]
      - group: authentication.k8s.io
        resources: ["tokenreviews"]
  - level: Request
    verbs: ["create", "update", "patch", "delete", "deletecollection"]
  - level: Metadata
`;

export function apiserverFiles(host: Host, hosts: readonly Host[], config: ClusterConfig): BundleFile[] {
  const owner = `root:${apiserverUser}`;
  return [
    { path: "/etc/kubernetes/authentication.yaml", mode: "0640", owner, restart, content: authentication },
    { path: "/etc/kubernetes/audit-policy.yaml", mode: "0640", owner, restart, content: auditPolicy },
    {
      path: unitPath(apiserverUnit),
      mode: "0600",
      owner: "root:root",
      restart,
      content: renderService(
        {
          description: "Kubernetes API server",
          documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
          // On a host with an etcd member of its own, a restart of that member stops this service first and starts it again after.
          ...(host.roles.includes("etcd") ? { after: [etcdUnit], partOf: [etcdUnit] } : {}),
          user: apiserverUser,
          type: "notify",
          executable: binaryPath("kube-apiserver"),
          args: apiserverArguments(host, hosts, config),
          // Delay, then requests in flight (60 s at the most), then watches.
          stopSeconds: 90,
          essential: true,
          writable: [auditDirectory],
        },
        config,
      ),
    },
  ];
}

export function apiserverSecrets(): BundleSecret[] {
  const owner = `${apiserverUser}:${apiserverUser}`;
  const publicKey: SecretSource = { kind: "service-account", part: "public" };
  const privateKey: SecretSource = { kind: "service-account", part: "private" };
  return [
    ...leafFiles({ leaf: "apiserver", path: `${pki}/server`, owner, restart }),
    ...leafFiles({ leaf: "apiserver-etcd-client", path: `${pki}/etcd-client`, owner, restart }),
    ...leafFiles({ leaf: "apiserver-kubelet-client", path: `${pki}/kubelet-client`, owner, restart }),
    ...leafFiles({ leaf: "front-proxy-client", path: `${pki}/front-proxy-client`, owner, restart }),
    authorityFile("etcd", `${pki}/etcd-ca.crt`, { restart }),
    authorityFile("front-proxy", `${pki}/front-proxy-ca.crt`, { restart }),
    { path: `${pki}/service-account.pub`, mode: "0644", owner: "root:root", source: publicKey, restart },
    { path: `${pki}/service-account.key`, mode: "0600", owner, source: privateKey, restart },
    { path: "/etc/kubernetes/encryption.yaml", mode: "0600", owner, source: { kind: "encryption-config" }, restart },
  ];
}

export function apiserverBinaries(config: ClusterConfig): BundleBinary[] {
  return [{ name: "kube-apiserver", version: config.kubernetesVersion, restart }];
}

export function apiserverChecks(host: Host): Check[] {
  return [
    {
      name: "http-ok",
      deadline: 180,
      unit: apiserverUnit,
      args: { url: `${apiserverUrl(host)}/readyz`, authorityFile: kubernetesAuthorityFile, text: "ok" },
    },
  ];
}

/**
 * Encryption at rest: secretbox with one 32-byte key, and plain reading for what was written before.
 *
 * @param key 32 ASCII characters.
 */
export function renderEncryptionConfig(key: string): string {
  if (Buffer.byteLength(key) !== 32) throw new Error("the encryption key must have 32 bytes");
  return `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources:
      - secrets
    providers:
      - secretbox:
          keys:
            - name: key1
              secret: ${Buffer.from(key).toString("base64")}
      - identity: {}
`;
}
