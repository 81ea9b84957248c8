import assert from "node:assert/strict";
import { parse } from "yaml";
import { planCluster } from "../../../../plan/bundles/index.ts";
import { describeFinding } from "../../../../plan/findings.ts";
import { checkPool } from "../../../../plan/pool.ts";
import { checkInput } from "../../../../plan/stackinput.ts";
import { configOf, hostsOf, rawConfig, threeHosts } from "../../../support/cluster.ts";
import { materialOf, poolHosts, rawPool } from "../../../support/pool.ts";

const inventory = [...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }];
const said = (extra: Record<string, unknown>) =>
  checkInput(inventory, { ...rawConfig, ...extra })
    .findings.map(describeFinding)
    .join("\n");

/** What a service of the first control-plane host is started with. */
function argumentsOf(unit: string, extra: Record<string, unknown>): Record<string, string> {
  const files = planCluster(hostsOf(inventory), configOf(extra)).flatMap(({ bundle }) => bundle.files);
  const file = files.find(({ path }) => path === `/etc/systemd/system/${unit}.service`);
  assert.ok(file);
  const words = [...file.content.matchAll(/--([a-z-]+)=(\S+)/g)];
  return Object.fromEntries(words.map(([, name = "", value = ""]): [string, string] => [name, value]));
}

/** A file of the worker. */
function fileOf(end: string, extra: Record<string, unknown>): Record<string, unknown> {
  const files = planCluster(hostsOf(inventory), configOf(extra)).flatMap(({ host, bundle }) =>
    host.name === "w1" ? bundle.files : [],
  );
  const file = files.find(({ path }) => path.endsWith(end));
  assert.ok(file);
  return parse(file.content) as Record<string, unknown>;
}

describe("settings that the rest relies on", () => {
  const refused: [string, Record<string, Record<string, unknown>>][] = [
    ["an API server elsewhere", { apiserverArgs: { "bind-address": "0.0.0.0" } }],
    ["an API server at another address", { apiserverArgs: { "advertise-address": "198.51.100.1" } }],
    ["an API server on another port", { apiserverArgs: { "secure-port": "8443" } }],
    ["another certificate", { apiserverArgs: { "tls-cert-file": "/etc/mine.crt" } }],
    ["another authority", { apiserverArgs: { "client-ca-file": "/etc/mine.crt" } }],
    ["another etcd", { apiserverArgs: { "etcd-servers": "https://198.51.100.1:2379" } }],
    ["other services", { apiserverArgs: { "service-cluster-ip-range": "10.97.0.0/16" } }],
    ["other services of a controller", { controllerManagerArgs: { "service-cluster-ip-range": "10.97.0.0/16" } }],
    ["no authorization", { apiserverArgs: { "authorization-mode": "AlwaysAllow" } }],
    ["two authorizations", { apiserverArgs: { "authorization-config": "/etc/mine.yaml" } }],
    ["everybody authorized", { apiserverArgs: { "authorization-mode": "AlwaysAllow,Node,RBAC" } }],
    ["APIs that are not served", { apiserverArgs: { "runtime-config": "api/all=false" } }],
    ["no policies", { apiserverArgs: { "runtime-config": "x/v1=true,admissionregistration.k8s.io/v1=false" } }],
    ["no API that pods know", { apiserverArgs: { "endpoint-reconciler-type": "none" } }],
    ["no HTTP/2", { apiserverArgs: { "tls-cipher-suites": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" } }],
    ["no HTTP/2 of the scheduler", { schedulerArgs: { "tls-cipher-suites": "TLS_RSA_WITH_AES_128_CBC_SHA" } }],
    ["no HTTP/2 of etcd", { etcdArgs: { "cipher-suites": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" } }],
    ["no HTTP/2 of the kubelet", { kubeletConfig: { tlsCipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"] } }],
    ["no bootstrap tokens", { apiserverArgs: { "enable-bootstrap-token-auth": "false" } }],
    ["an audit log elsewhere", { apiserverArgs: { "audit-log-path": "/srv/audit.log" } }],
    ["names for addresses", { apiserverArgs: { "kubelet-preferred-address-types": "Hostname" } }],
    ["other pods", { controllerManagerArgs: { "cluster-cidr": "10.200.0.0/16" } }],
    ["no networks of Nodes", { controllerManagerArgs: { "allocate-node-cidrs": "false" } }],
    ["another signer", { controllerManagerArgs: { "cluster-signing-key-file": "/etc/mine.key" } }],
    ["no signer at all", { controllerManagerArgs: { controllers: "*,-csrsigning" } }],
    ["no pods of Deployments", { controllerManagerArgs: { controllers: "*,-deployment-controller" } }],
    ["no authority for pods", { controllerManagerArgs: { controllers: "-root-ca-cert-publisher" } }],
    ["controllers without rights", { controllerManagerArgs: { "use-service-account-credentials": "false" } }],
    ["networks from elsewhere", { controllerManagerArgs: { "cidr-allocator-type": "CloudAllocator" } }],
    ["an API server of its own choice", { controllerManagerArgs: { master: "https://192.0.2.9:6443" } }],
    ["another API server for the scheduler", { schedulerArgs: { master: "https://192.0.2.9:6443" } }],
    ["several leaders", { controllerManagerArgs: { "leader-elect": "false" } }],
    ["a leader of another name", { schedulerArgs: { "leader-elect-resource-name": "mine" } }],
    ["a scheduler on another port", { schedulerArgs: { "secure-port": "10260" } }],
    ["a scheduler elsewhere", { schedulerArgs: { "bind-address": "192.0.2.11" } }],
    ["a member of another name", { etcdArgs: { name: "mine" } }],
    ["a member elsewhere", { etcdArgs: { "listen-peer-urls": "http://0.0.0.0:2380" } }],
    ["a member for everybody", { etcdArgs: { "client-cert-auth": "false" } }],
    ["data where nobody looks", { etcdArgs: { "data-dir": "/srv/etcd" } }],
    ["data below where others look", { etcdArgs: { "data-dir": "/var/lib/etcd/a" } }],
    ["a log where nobody looks", { etcdArgs: { "wal-dir": "/data/wal" } }],
    ["HTTP on another port", { etcdArgs: { "listen-client-http-urls": "https://127.0.0.1:2382" } }],
    ["no HTTP at all", { etcdArgs: { "enable-grpc-gateway": "false" } }],
    ["clients by a name", { etcdArgs: { "client-cert-allowed-hostname": "client.example.net" } }],
    ["members by a name that none has", { etcdArgs: { "peer-cert-allowed-hostname": "etcd.example.net" } }],
    ["one member alone", { etcdArgs: { "peer-cert-allowed-cn": "cp1" } }],
    ["no arguments at all", { etcdArgs: { "config-file": "/etc/etcd.yaml" } }],
    ["another cluster at every start", { etcdArgs: { "force-new-cluster": "true" } }],
    ["a kubelet elsewhere", { kubeletConfig: { address: "127.0.0.1" } }],
    ["a kubelet on another port", { kubeletConfig: { port: 10251 } }],
    ["a kubelet without health", { kubeletConfig: { healthzPort: 0 } }],
    ["another runtime", { kubeletConfig: { containerRuntimeEndpoint: "unix:///run/crio/crio.sock" } }],
    ["another domain", { kubeletConfig: { clusterDomain: "mine.local" } }],
    ["another cgroup driver", { kubeletConfig: { cgroupDriver: "cgroupfs" } }],
    ["another authority of a kubelet", { kubeletConfig: { authentication: { x509: { clientCAFile: "/etc/mine" } } } }],
    ["no certificates for it", { kubeletConfig: { authentication: null } }],
    ["certificates for a year", { kubeletConfig: { rotateCertificates: false } }],
    ["a kubelet that serves nothing", { kubeletConfig: { enableServer: false } }],
    ["images elsewhere", { kubeletConfig: { imageServiceEndpoint: "unix:///run/images.sock" } }],
    ...["dns.example.net", "10.96.0.010", "fd00::10", 5].map(
      (server): [string, Record<string, Record<string, unknown>>] => [
        `a name server that pods are not given: ${server}`,
        { kubeletConfig: { clusterDNS: [server] } },
      ],
    ),
    ["no name server", { kubeletConfig: { clusterDNS: [] } }],
    ["no Node", { kubeletConfig: { registerNode: false } }],
    ["other pods of kube-proxy", { kubeProxyConfig: { clusterCIDR: "10.200.0.0/16" } }],
    ["another Node", { kubeProxyConfig: { hostnameOverride: "mine" } }],
    ["another way in", { kubeProxyConfig: { clientConnection: { kubeconfig: "/etc/mine.conf" } } }],
    ["health where nobody asks", { kubeProxyConfig: { healthzBindAddress: "127.0.0.1:10256" } }],
  ];
  for (const [title, extra] of refused) {
    it(`refuses ${title}`, () => {
      const [key = "", settings = {}] = Object.entries(extra)[0] ?? [];
      const text = said(extra);
      assert.match(text, new RegExp(`^plinth:${key}\\.${Object.keys(settings)[0] ?? ""}[^\\n]*\\[relied-on\\]`, "m"));
    });
  }

  it("tells all of them at once, each with what to do, and nothing of what was written", () => {
    const text = said({
      apiserverArgs: { "secure-port": "SECRET", "bind-address": "SECRET" },
      kubeletConfig: { clusterDomain: "SECRET" },
    });
    assert.equal(text.split("\n").length, 3, text);
    assert.match(text, /secure-port is not what Plinth sets .* \(6443\); .*plinth:externalEndpoint/);
    assert.match(text, /clusterDomain .* \(cluster\.local\); set plinth:clusterDomain/);
    assert.doesNotMatch(text, /SECRET/);
  });

  it("accepts the same, what does as well, and all that is nobody else's business", () => {
    const extra = {
      apiserverArgs: {
        ...{ v: "2", "goaway-chance": "0.01", "authorization-mode": "Node,RBAC,Webhook", "secure-port": "6443" },
        ...{
          "audit-log-path": "-",
          "service-account-issuer": "https://issuer.example.net",
          "max-requests-inflight": "800",
        },
        ...{ "audit-policy-file": "/etc/kubernetes/apiserver/policy.yaml", "tls-min-version": "VersionTLS13" },
      },
      apiserverFiles: { "/etc/kubernetes/apiserver/policy.yaml": { file: "policy.yaml" } },
      controllerManagerArgs: { "bind-address": "0.0.0.0", "node-monitor-grace-period": "20s", controllers: "*,-ttl" },
      schedulerArgs: { "bind-address": "0.0.0.0", profiling: "true" },
      etcdArgs: {
        "quota-backend-bytes": "2147483648",
        "listen-metrics-urls": "http://0.0.0.0:2381",
        "data-dir": "/var/lib/etcd",
        "peer-cert-allowed-cn": "cp1,cp2,cp3,cp4",
        "cipher-suites": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      },
      kubeletConfig: {
        address: "0.0.0.0",
        clusterDNS: ["169.254.20.10"],
        serverTLSBootstrap: false,
        healthzPort: "10248",
      },
      kubeProxyConfig: { metricsBindAddress: "0.0.0.0:10249", healthzBindAddress: "0.0.0.0:10256", mode: "nftables" },
    };
    assert.equal(said(extra), "");
    assert.equal(said({ network: "none", controllerManagerArgs: { "allocate-node-cidrs": "false" } }), "");
  });

  it("accepts any suites where TLS 1.3 alone is spoken", () => {
    const suites = "TLS_AES_128_GCM_SHA256";
    const kubernetes = { "tls-min-version": "VersionTLS13", "tls-cipher-suites": suites };
    assert.equal(
      said({
        ...{ apiserverArgs: kubernetes, controllerManagerArgs: kubernetes, schedulerArgs: kubernetes },
        kubeletConfig: { tlsMinVersion: "VersionTLS13", tlsCipherSuites: [suites] },
        etcdArgs: { "tls-min-version": "TLS1.3" },
      }),
      "",
    );
    // etcd takes no list there.
    assert.equal(argumentsOf("etcd", { etcdArgs: { "tls-min-version": "TLS1.3" } })["cipher-suites"], undefined);
    assert.ok(argumentsOf("etcd", {})["cipher-suites"]);
  });

  it("asks for the authority of other API servers only where the feature is on that it is for", () => {
    const file = (extra: Record<string, string>, kubernetesVersion = "1.36.3") =>
      argumentsOf("kube-apiserver", { kubernetesVersion, apiserverArgs: extra })["peer-ca-file"];
    const gate = "UnknownVersionInteroperabilityProxy";
    for (const without of [
      { "feature-gates": `${gate}=false` },
      { "feature-gates": "AllBeta=false,Other=true" },
      { "emulated-version": "1.35" },
      { "emulated-version": "kube=1.35" },
    ])
      assert.equal(file(without), undefined, JSON.stringify(without));
    for (const having of [{}, { "feature-gates": "Other=false" }, { "feature-gates": `AllBeta=false,${gate}=true` }])
      assert.ok(file(having), JSON.stringify(having));
    assert.ok(file({ "feature-gates": `${gate}=true` }, "1.35.4"));
  });

  it("judges a pool's Nodes as well", () => {
    const rules = (extra: object) =>
      checkPool(poolHosts, { ...rawPool, ...extra }, materialOf()).findings.map(({ rule }) => rule);
    assert.deepEqual(rules({ kubeletConfig: { port: 1 }, kubeProxyConfig: { hostnameOverride: "x" } }), [
      "relied-on",
      "relied-on",
    ]);
    assert.deepEqual(rules({ kubeletConfig: { maxPods: 50 } }), []);
  });
});

describe("lists that Plinth has entries in", () => {
  it("keep them, and take in what is named", () => {
    const admission = argumentsOf("kube-apiserver", {
      apiserverArgs: { "enable-admission-plugins": "AlwaysPullImages" },
    });
    assert.match(admission["enable-admission-plugins"] ?? "", /AlwaysPullImages.*NodeRestriction/);
    const { controllers } = argumentsOf("kube-controller-manager", {
      controllerManagerArgs: { controllers: "*,-ttl" },
    });
    assert.equal(controllers, "*,bootstrapsigner,tokencleaner,-ttl");
    const gates = { "feature-gates": "CompactHashCheck=false,Other=true" };
    assert.equal(
      argumentsOf("etcd", { etcdArgs: gates })["feature-gates"],
      "InitialCorruptCheck=true,CompactHashCheck=false,Other=true",
    );
  });

  it("of open paths keep those that checks ask", () => {
    const name = "authorization-always-allow-paths";
    for (const [unit, key] of [
      ["kube-controller-manager", "controllerManagerArgs"],
      ["kube-scheduler", "schedulerArgs"],
    ] as const) {
      assert.equal(argumentsOf(unit, { [key]: { [name]: "/metrics" } })[name], "/healthz,/readyz,/livez,/metrics");
      assert.equal(argumentsOf(unit, {})[name], undefined);
    }
  });

  it("of periods by priority stand alone: the kubelet takes no others beside them", () => {
    const shutdownGracePeriodByPodPriority = [{ priority: 0, shutdownGracePeriodSeconds: 90 }];
    const file = fileOf("/kubelet.yaml", { kubeletConfig: { shutdownGracePeriodByPodPriority } });
    assert.deepEqual([file["shutdownGracePeriod"], file["shutdownGracePeriodCriticalPods"]], [undefined, undefined]);
    assert.equal(fileOf("/kubelet.yaml", {})["shutdownGracePeriod"], "60s");
    const login = planCluster(
      hostsOf(inventory),
      configOf({ kubeletConfig: { shutdownGracePeriodByPodPriority } }),
    ).flatMap(({ bundle }) => bundle.files.filter(({ path }) => path.endsWith("zzz-plinth.conf")));
    for (const { content } of login) assert.match(content, /^InhibitDelayMaxSec=90$/m);
    assert.ok(login.length > 0);
  });

  it("stay as they were where nothing is named", () => {
    assert.equal(argumentsOf("kube-controller-manager", {})["controllers"], "*,bootstrapsigner,tokencleaner");
    assert.equal(argumentsOf("etcd", {})["feature-gates"], "InitialCorruptCheck=true,CompactHashCheck=true");
  });

  it("of taints keep the one that holds pods back until the Node is described", () => {
    const own = { key: "plinth/uninitialized", effect: "NoSchedule" };
    const gpu = { key: "example.net/gpu", effect: "NoSchedule" };
    const taints = (registerWithTaints: unknown) =>
      fileOf("/kubelet.yaml", { kubeletConfig: { registerWithTaints } })["registerWithTaints"];
    assert.deepEqual(taints([gpu]), [own, gpu]);
    assert.deepEqual(taints([gpu, own]), [own, gpu]);
    for (const none of [[], null]) assert.deepEqual(taints(none), [own]);
  });

  it("of addresses of NodePorts keep the one that load balancers go to", () => {
    const addresses = (nodePortAddresses: string[]) =>
      fileOf("/kube-proxy.yaml", { kubeProxyConfig: { nodePortAddresses } })["nodePortAddresses"];
    assert.deepEqual(addresses(["198.51.100.0/24"]), ["192.0.2.21/32", "198.51.100.0/24"]);
    for (const has of [["192.0.2.0/24"], ["primary"], []]) assert.deepEqual(addresses(has), has);
  });
});
