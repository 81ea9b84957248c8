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
    ["no bootstrap tokens", { apiserverArgs: { "enable-bootstrap-token-auth": "false" } }],
    ["an audit log elsewhere", { apiserverArgs: { "audit-log-path": "/srv/audit.log" } }],
    ["names for addresses", { apiserverArgs: { "kubelet-preferred-address-types": "Hostname" } }],
    ["other pods", { controllerManagerArgs: { "cluster-cidr": "10.200.0.0/16" } }],
    ["no networks of Nodes", { controllerManagerArgs: { "allocate-node-cidrs": "false" } }],
    ["another signer", { controllerManagerArgs: { "cluster-signing-key-file": "/etc/mine.key" } }],
    ["no signer at all", { controllerManagerArgs: { controllers: "*,-csrsigning" } }],
    ["several leaders", { controllerManagerArgs: { "leader-elect": "false" } }],
    ["a leader of another name", { schedulerArgs: { "leader-elect-resource-name": "mine" } }],
    ["a scheduler on another port", { schedulerArgs: { "secure-port": "10260" } }],
    ["a scheduler elsewhere", { schedulerArgs: { "bind-address": "192.0.2.11" } }],
    ["a member of another name", { etcdArgs: { name: "mine" } }],
    ["a member elsewhere", { etcdArgs: { "listen-peer-urls": "http://0.0.0.0:2380" } }],
    ["a member for everybody", { etcdArgs: { "client-cert-auth": "false" } }],
    ["data where nobody looks", { etcdArgs: { "data-dir": "/srv/etcd" } }],
    ["data below where others look", { etcdArgs: { "data-dir": "/var/lib/etcd/a" } }],
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
