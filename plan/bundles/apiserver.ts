import { isIPv4 } from "../addresses.ts";
import { apiserverFilesDirectory } from "../apiserverfiles.ts";
import { renderAuthentication } from "../authentication.ts";
import { binaryPath, type BundleFile, type BundleSecret, type LeafSpec, type SecretSource } from "../bundle.ts";
import type { Check, Judge } from "../conditions.ts";
import type { ClusterConfig } from "../config.ts";
import { apiserverServiceAddress } from "../endpoint.ts";
import { withRole, type Host } from "../inventory.ts";
import { ports } from "../ports.ts";
import { longestTokenHours, protectionMode } from "../protections.ts";
import { isSinceMinor } from "../together.ts";
import { formerNames } from "../ways.ts";
import { renderYamlInOrder } from "../yaml.ts";
import { auditArguments, auditDirectory, auditPolicy, auditPolicyPath } from "./audit.ts";
import { admissionArguments, admissionFiles } from "./admission.ts";
import { authenticationFile, broughtFiles, serviceAccountIssuer } from "./apiserversettings.ts";
import { authorityFile, leafFiles } from "./certificates.ts";
import { etcdClientUrl, etcdUnit } from "./etcd.ts";
import { kubernetesDirectories, type BundlePart, type Placement } from "./part.ts";
import { isOn, listIn, settingsIn, type Reliance } from "./reliance.ts";
import {
  cipherSuites,
  mergeArguments,
  renderService,
  servesWith,
  suitesInstead,
  unitFile,
  type Arguments,
} from "./systemd.ts";

export const apiserverUnit = "kube-apiserver.service";
const apiserverUser = "kube-apiserver";
export const kubernetesAuthorityFile = "/etc/kubernetes/pki/ca.crt";
const pki = "/etc/kubernetes/pki/apiserver";
const restart = [apiserverUnit];

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
function etcdEndpoints(host: Host, hosts: readonly Host[]): string[] {
  return host.roles.includes("etcd") ? [etcdClientUrl(host)] : withRole(hosts, "etcd").map(etcdClientUrl);
}

/**
 * Whether API servers of different versions pass on what only others serve. Without that feature gate, which is on since 1.36, their
 * authority is refused (pkg/controlplane/apiserver/options/validation.go of v1.35.4).
 */
function knowsPeers({ kubernetesVersion, apiserverArgs }: ClusterConfig): boolean {
  const set = settingsIn(apiserverArgs["feature-gates"]);
  const said = set.get("UnknownVersionInteroperabilityProxy") ?? set.get("AllBeta");
  if (said !== undefined) return isOn(said);
  const emulated = /\b1\.(\d+)$/.exec(apiserverArgs["emulated-version"] ?? "")?.[1];
  return isSinceMinor(kubernetesVersion, 36) && Number(emulated ?? Infinity) >= 36;
}

/** Plinth's own arguments, without what decides on admission. */
function ownArguments({ host, hosts, config }: Placement): Arguments {
  return {
    ...auditArguments,
    "advertise-address": host.address,
    "allow-privileged": "true",
    "authentication-config": authenticationFile,
    "authorization-mode": "Node,RBAC",
    "bind-address": host.address,
    "client-ca-file": kubernetesAuthorityFile,
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
    ...(knowsPeers(config) ? { "peer-ca-file": kubernetesAuthorityFile } : {}),
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
    "service-account-issuer": serviceAccountIssuer(config),
    "service-account-key-file": `${pki}/service-account.pub`,
    "service-account-signing-key-file": `${pki}/service-account.key`,
    ...(protectionMode(config.protections, "token-lifetime") === "enforce"
      ? { "service-account-max-token-expiration": `${longestTokenHours}h` }
      : {}),
    "service-cluster-ip-range": config.serviceCidr,
    // So long the server goes on taking connections once /readyz is red. Our load balancers see that within a second
    // (apibackend.ts), kube-proxies hear within two that the server is no endpoint of the Service any more. Of a load
    // balancer of one's own nobody knows; usual ones look every 2 s and need three looks.
    "shutdown-delay-duration": config.externalEndpoint === undefined ? "4s" : "10s",
    // Open watches hold a stop for 60 s otherwise.
    "shutdown-watch-termination-grace-period": "5s",
    "tls-cert-file": `${pki}/server.crt`,
    "tls-cipher-suites": cipherSuites,
    "tls-min-version": "VersionTLS12",
    "tls-private-key-file": `${pki}/server.key`,
  };
}

function argumentsOf(placement: Placement): Arguments {
  const { config } = placement;
  return mergeArguments(ownArguments(placement), { ...config.apiserverArgs, ...admissionArguments(config) });
}

/** What kubelets, controllers, load balancers, checks and the audit go by. */
export const apiserverReliance: Reliance = {
  key: "apiserverArgs",
  appliesTo: ({ roles }) => roles.includes("control-plane"),
  own: ownArguments,
  binding: [
    "authorization-mode",
    "enable-bootstrap-token-auth",
    "kubelet-preferred-address-types",
    "requestheader-allowed-names",
    "requestheader-extra-headers-prefix",
    "requestheader-group-headers",
    "requestheader-username-headers",
    "tls-cipher-suites",
  ],
  // Files of one's own are brought by plinth:apiserverFiles; the issuer is asked of serviceAccountIssuer.
  free: ["audit-policy-file", "authentication-config", "encryption-provider-config", "service-account-issuer"],
  accepts: {
    "audit-log-path": (path) => path === "-" || String(path).startsWith(`${auditDirectory}/`),
    "authorization-mode": (modes) =>
      ["Node", "RBAC"].every((mode) => listIn(String(modes)).includes(mode)) &&
      !listIn(String(modes)).some((mode) => /^Always/.test(mode)),
    "kubelet-preferred-address-types": (types) => listIn(String(types)).includes("InternalIP"),
    "tls-cipher-suites": (suites, _host, { apiserverArgs }) =>
      servesWith(listIn(String(suites)), apiserverArgs["tls-min-version"]),
  },
  never: {
    "authorization-config": "the API server takes it or authorization-mode, which Plinth sets",
    "etcd-prefix": "what is in the cluster lies below the default",
    "endpoint-reconciler-type": "pods reach the API servers by the addresses that the default keeps",
  },
  instead: {
    "authorization-mode": "keep Node and RBAC in it, and neither AlwaysAllow nor AlwaysDeny",
    "authorization-config": "name further authorizers in authorization-mode, after Node and RBAC",
    "kubelet-preferred-address-types": "keep InternalIP in it: names of hosts are in no DNS",
    "service-cluster-ip-range": "set plinth:serviceCidr, before the cluster is made",
    "secure-port": "remove it; a load balancer of your own may have another port, see plinth:externalEndpoint",
    "tls-cert-file": "name further certificates in tls-sni-cert-key, or further names in plinth:apiserverSans",
    "tls-private-key-file": "name further certificates in tls-sni-cert-key, or further names in plinth:apiserverSans",
    "tls-cipher-suites": suitesInstead,
    "audit-log-path": `choose a file in ${auditDirectory}, or - for the journal`,
  },
};

/** Names and addresses under which clients reach the API server of a host. */
function namesOf(host: Host, config: ClusterConfig): Pick<LeafSpec, "dnsNames" | "ipAddresses"> {
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    `kubernetes.default.svc.${config.clusterDomain}`,
  ];
  const names = [host.name, "localhost", ...service, "127.0.0.1", host.address, apiserverServiceAddress(config)];
  // In this order, because another one would renew every certificate.
  names.push(...[config.vip, config.externalEndpoint?.host].filter((name) => name !== undefined));
  for (const name of [config.vipName, ...config.apiserverSans, ...(config.ways ? formerNames(config.ways) : [])])
    if (name !== undefined && !names.includes(name)) names.push(name);
  return { dnsNames: names.filter((name) => !isIPv4(name)), ipAddresses: names.filter(isIPv4) };
}

/** The certificate that it serves with. Names of leaves follow kubeadm's table of certificates. */
function serverLeaf(host: Host, config: ClusterConfig): LeafSpec {
  const names = namesOf(host, config);
  return { name: "apiserver", authority: "kubernetes", commonName: "kube-apiserver", ...names, uses: ["server_auth"] };
}

function clientLeaf(leaf: Pick<LeafSpec, "name" | "authority" | "commonName" | "organization">): LeafSpec {
  return { ...leaf, dnsNames: [], ipAddresses: [], uses: ["client_auth"] };
}

const etcdClient = clientLeaf({
  name: "apiserver-etcd-client",
  authority: "etcd",
  commonName: "kube-apiserver-etcd-client",
});
const kubeletClient = clientLeaf({
  name: "apiserver-kubelet-client",
  authority: "kubernetes",
  commonName: "kube-apiserver-kubelet-client",
  organization: "plinth:kubelet-api-clients",
});
const frontProxyClient = clientLeaf({
  name: "front-proxy-client",
  authority: "front-proxy",
  commonName: "front-proxy-client",
});

function files(placement: Placement): BundleFile[] {
  const { host, config, texts } = placement;
  const textOf = (file: string): string => texts?.get(file) ?? "";
  const owner = `root:${apiserverUser}`;
  const brought = broughtFiles(config.apiserverFiles, textOf, { user: apiserverUser, restart });
  const service = renderService(
    {
      description: "Kubernetes API server",
      documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
      // On a host with an etcd member of its own, a restart of that member stops this service first and starts it again after.
      ...(host.roles.includes("etcd") ? { after: [etcdUnit], partOf: [etcdUnit] } : {}),
      user: apiserverUser,
      type: "notify",
      executable: binaryPath("kube-apiserver"),
      args: argumentsOf(placement),
      // Delay, then requests in flight (60 s at the most), then watches.
      stopSeconds: 90,
      reloadsItself: true,
      essential: true,
      writable: [auditDirectory],
    },
    config,
  );
  return [
    {
      path: authenticationFile,
      mode: "0640",
      owner,
      reload: restart,
      content: renderAuthentication(config.authentication, textOf),
    },
    ...admissionFiles(config, { mode: "0640", owner, restart }),
    ...brought.files,
    { path: auditPolicyPath, mode: "0640", owner, restart, content: auditPolicy },
    unitFile(apiserverUnit, service, "0600"),
  ];
}

function secrets(host: Host, config: ClusterConfig): BundleSecret[] {
  const owner = `${apiserverUser}:${apiserverUser}`;
  const publicKey: SecretSource = { kind: "service-account", part: "public" };
  const privateKey: SecretSource = { kind: "service-account", part: "private" };
  return [
    ...leafFiles({ leaf: serverLeaf(host, config), path: `${pki}/server`, owner, restart }),
    ...leafFiles({ leaf: etcdClient, path: `${pki}/etcd-client`, owner, restart }),
    ...leafFiles({ leaf: kubeletClient, path: `${pki}/kubelet-client`, owner, restart }),
    ...leafFiles({ leaf: frontProxyClient, path: `${pki}/front-proxy-client`, owner, restart }),
    authorityFile("etcd", `${pki}/etcd-ca.crt`, { restart }),
    authorityFile("front-proxy", `${pki}/front-proxy-ca.crt`, { restart }),
    { path: `${pki}/service-account.pub`, mode: "0644", owner: "root:root", source: publicKey, restart },
    { path: `${pki}/service-account.key`, mode: "0600", owner, source: privateKey, restart },
    { path: "/etc/kubernetes/encryption.yaml", mode: "0600", owner, source: { kind: "encryption-config" }, restart },
    ...broughtFiles(config.apiserverFiles, () => "", { user: apiserverUser, restart }).secrets,
  ];
}

/**
 * The server works with the AuthenticationConfiguration that is on the host. It hears of another file at once or within a
 * minute, and then takes a minute at the most for issuers to answer. The group is that of the API server's own role for
 * readers of metrics, which is there from the first start on.
 */
function authenticationCheck(host: Host): Check {
  return {
    name: "config-in-use",
    deadline: 150,
    unit: apiserverUnit,
    args: {
      url: `${apiserverUrl(host)}/metrics`,
      metrics: "apiserver_authentication_config_controller",
      file: authenticationFile,
      authorityFile: kubernetesAuthorityFile,
      certificateFile: `${pki}/front-proxy-client.crt`,
      keyFile: `${pki}/front-proxy-client.key`,
    },
  };
}

/**
 * The planned API server judges its flags, reads its files one after the other, and then says by what its endpoints are to be kept; it has
 * read all by then, and needs etcd only after that (k8s.io/kubernetes v1.35.4 and v1.36.3, cmd/kube-apiserver/app/server.go: NewConfig,
 * CreateServerChain; pkg/controlplane/instance.go). Only what it would do for others of its kind asks etcd before, and waits for 20 s:
 * that is left out. It takes about 200 MiB by then.
 */
const judge: Judge = {
  name: "start",
  deadline: 60,
  unit: apiserverUnit,
  args: {
    memory: 400,
    accepted: "Using.reconciler",
    settle: 0,
    executable: binaryPath("kube-apiserver"),
    overrides: { "feature-gates": "UnknownVersionInteroperabilityProxy=false", "peer-ca-file": "" },
  },
};

/** The API server of one host. */
export const apiserver: BundlePart = {
  name: "kube-apiserver",
  users: [{ name: apiserverUser, home: "/nonexistent" }],
  directories: [
    ...kubernetesDirectories,
    { path: pki, mode: "0755", owner: "root:root" },
    { path: apiserverFilesDirectory, mode: "0750", owner: `root:${apiserverUser}` },
    { path: auditDirectory, mode: "0700", owner: `${apiserverUser}:${apiserverUser}`, atRelease: "keep" },
  ],
  listens: (host) => [{ protocol: "tcp", address: host.address, port: ports.apiserver, unit: apiserverUnit }],
  plan: (placement) => {
    const { host, config } = placement;
    const url = `${apiserverUrl(host)}/readyz`;
    return {
      binaries: [{ name: "kube-apiserver", version: config.kubernetesVersion, restart }],
      files: files(placement),
      secrets: secrets(host, config),
      units: [apiserverUnit],
      judges: [judge],
      checks: [
        {
          name: "http-ok",
          deadline: 180,
          unit: apiserverUnit,
          args: { url, authorityFile: kubernetesAuthorityFile, text: "ok" },
        },
        // Whoever has a file of their own looks after it, too.
        ...(config.apiserverArgs["authentication-config"] === undefined ? [authenticationCheck(host)] : []),
      ],
    };
  },
};

/**
 * Encryption at rest: secretbox with one 32-byte key, and plain reading for what was written before.
 *
 * @param key 32 ASCII characters.
 */
export function renderEncryptionConfig(key: string): string {
  if (Buffer.byteLength(key) !== 32) throw new Error("the encryption key must have 32 bytes");
  const secret = Buffer.from(key).toString("base64");
  return renderYamlInOrder({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [{ name: "key1", secret }] } }, { identity: {} }],
      },
    ],
  });
}
