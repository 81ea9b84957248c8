import assert from "node:assert/strict";
import type { Bundle } from "../../plan/bundle.ts";
import { planHost } from "../../plan/bundles/index.ts";
import { configOf, hostsOf } from "../support/cluster.ts";
import { RealRoot } from "./support/real-root.ts";

const [host] = hostsOf([
  { name: "one", address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
]);

/** The cgroups of a machine that runs tests may be of the first version. */
const anyCgroups = { failCgroupV1: false };

/** The bundles of a host by name. */
function planned(raw: Record<string, unknown> = {}): Map<string, Bundle> {
  assert.ok(host);
  const kubeletConfig = { ...anyCgroups, ...(raw["kubeletConfig"] as Record<string, unknown> | undefined) };
  const config = configOf({ ...raw, kubeletConfig });
  return new Map(planHost({ host, hosts: [host], config }).map((bundle) => [bundle.name, bundle]));
}

/** Inputs that a program refuses: bundle, configuration, and what is quoted. */
const refused: Record<string, [bundle: string, raw: Record<string, unknown>, quoted: RegExp]> = {
  "a value that is not one": [
    "controlplane",
    { apiserverArgs: { "goaway-chance": "not-a-number" } },
    /kube-apiserver\.service would not take .*invalid argument "not-a-number" for "--goaway-chance"/,
  ],
  "a flag of the API server that is unknown": [
    "controlplane",
    { apiserverArgs: { frob: "1" } },
    /unknown flag: --frob/,
  ],
  "a feature gate of the API server that is unknown": [
    "controlplane",
    { apiserverArgs: { "feature-gates": "Frob=true" } },
    /unrecognized feature gate: Frob/,
  ],
  "two ways to say who may log in": [
    "controlplane",
    { apiserverArgs: { "anonymous-auth": "false" } },
    /--anonymous-auth flag cannot be set when anonymous field is configured/,
  ],
  "an admission plugin that is unknown": [
    "controlplane",
    { apiserverArgs: { "enable-admission-plugins": "Frob" } },
    /enable-admission-plugins plugin \\?"Frob\\?" is unknown/,
  ],
  "a configuration of an admission plugin": [
    "controlplane",
    { admission: { EventRateLimit: { limits: [{ type: "Server", qps: -1, burst: 0 }] } } },
    /kube-apiserver\.service would not take .*(qps|burst)/,
  ],
  "a flag of the controller manager": [
    "controlplane",
    { controllerManagerArgs: { "node-monitor-period": "often" } },
    /kube-controller-manager\.service would not take .*invalid argument "often"/,
  ],
  "a flag of the scheduler": [
    "controlplane",
    { schedulerArgs: { config: "/etc/kubernetes/none.yaml" } },
    /kube-scheduler\.service would not take .*no such file/,
  ],
  "a flag of etcd": ["etcd", { etcdArgs: { "snapshot-count": "many" } }, /etcd\.service would not take .*"many"/],
  "two flags of etcd that do not go together": [
    "etcd",
    { etcdArgs: { "heartbeat-interval": "1000", "election-timeout": "1000" } },
    /etcd\.service would not take .*election-timeout/,
  ],
  "a setting of the kubelet": ["node", { kubeletConfig: { maxPods: -5 } }, /kubelet\.service would not take .*maxPods/],
  "a feature gate of the kubelet": [
    "node",
    { kubeletConfig: { featureGates: { Frob: true } } },
    /kubelet\.service would not take .*unrecognized feature gate: Frob/,
  ],
  "a setting of kube-proxy": [
    "node",
    { kubeProxyConfig: { conntrack: { maxPerCore: -1 } } },
    /kube-proxy\.service would not take .*maxPerCore/i,
  ],
  "a setting of containerd": [
    "runtime",
    { containerd: { settings: { plugins: { "io.containerd.cri.v1.images": { max_concurrent_downloads: "x" } } } } },
    /containerd\.service would not take .*MaxConcurrentDownloads/,
  ],
};

describe("what judges, by the real programs", function () {
  // May have to build them.
  this.timeout(1_200_000);
  let root: RealRoot;
  const judgedBundles = ["etcd", "controlplane", "runtime", "node"];

  before(async () => {
    root = new RealRoot();
    await root.furnish(judgedBundles.map((name) => planned().get(name) ?? assert.fail(name)));
  });
  after(() => {
    root.remove();
  });

  it("takes what Plinth plans by itself", () => {
    const all = planned();
    for (const name of judgedBundles) {
      const bundle = all.get(name) ?? assert.fail(name);
      assert.ok((bundle.judges ?? []).length > 0, name);
      const { code, stderr } = root.apply("dash", bundle);
      // It goes on until systemd is asked to change something.
      assert.equal(code, 1, stderr);
      assert.match(stderr, /daemon-reload failed/);
      assert.doesNotMatch(stderr, /would not take|without having been judged/);
    }
  });

  for (const [title, [name, raw, quoted]] of Object.entries(refused)) {
    it(`refuses ${title}, and nothing has been changed`, () => {
      const before = ["etc", "run", "var"].map((folder) => root.list(folder));
      const { code, stderr } = root.apply("dash", planned(raw).get(name) ?? assert.fail(name));
      assert.equal(code, 65, stderr);
      assert.match(stderr, quoted);
      assert.match(stderr, /nothing was changed, and what runs runs on/);
      assert.deepEqual(
        ["etc", "run", "var"].map((folder) => root.list(folder)),
        before,
      );
    });
  }
});
