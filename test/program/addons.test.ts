import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ClusterAccess } from "../../components/addons/access.ts";
import { Addons } from "../../components/addons/addons.ts";
import { kubernetesProvider } from "../../components/addons/provider.ts";
import { Authority } from "../../components/pki/authority.ts";
import { images } from "../../artifacts/images/definitions.ts";
import { corefile } from "../../plan/addons/dns.ts";
import { configOf, hostsOf, threeHosts } from "../support/cluster.ts";
import { isSecret, plain, record, type Registration } from "../support/recorder.ts";

interface Recorded extends Registration {
  provider: string;
  deletedWith: string;
}
interface Monitor {
  registerResource(request: Request, callback: (error: unknown, response: unknown) => void): void;
}
interface Request {
  toObject(): { type: string; name: string; provider: string; deletedwith: string };
}

const state = (type: string, name: string) => {
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: `-----BEGIN PRIVATE KEY----- ${name}` };
  if (type.startsWith("tls:")) return { certPem: `certificate ${name}`, certRequestPem: `request ${name}` };
  return {};
};

/** Runs what a cluster declares in itself, and records which provider and which owner each object has. */
async function run(config = configOf(), inventory: unknown = threeHosts, preview = false): Promise<Recorded[]> {
  const hosts = hostsOf(inventory);
  const options = new Map<string, { provider: string; deletedWith: string }>();
  const { registrations } = await record(
    async () => {
      const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
      const recorded = monitor.registerResource.bind(monitor);
      monitor.registerResource = (request, callback) => {
        const { type, name, provider, deletedwith } = request.toObject();
        options.set(`${type} ${name}`, { provider, deletedWith: deletedwith });
        recorded(request, callback);
      };
      const ready = new pulumi.ComponentResource("test:index:Ready", "ready");
      const claim = new pulumi.ComponentResource("test:index:Claim", "claim");
      const authority = new Authority("kubernetes-ca", { commonName: "demo", validityHours: 24 });
      const provider = kubernetesProvider(
        { kubeconfig: authority.key, clusterIdentifier: "0123456789abcdef" },
        { dependsOn: ready },
      );
      const opts = { providers: [provider], dependsOn: [ready], deletedWith: claim };
      const access = new ClusterAccess("access", { config, hosts }, opts);
      new Addons("addons", { config, hosts, authority }, { ...opts, dependsOn: [access] });
      await Promise.resolve();
    },
    { state, preview },
  );
  return registrations.map((item) => ({
    ...item,
    ...(options.get(`${item.type} ${item.name}`) ?? { provider: "", deletedWith: "" }),
  }));
}

/** A policy by its name, and its binding. */
const policy = (name: string) => [
  `ValidatingAdmissionPolicy plinth-${name}`,
  `ValidatingAdmissionPolicyBinding plinth-${name}`,
];
const isObject = (item: Registration) => item.type.startsWith("kubernetes:");
const kindOf = (item: Registration) => item.type.split(":").at(-1) ?? "";

function find(registrations: readonly Recorded[], kind: string, name: string): Recorded {
  const item = registrations.find((candidate) => kindOf(candidate) === kind && candidate.name === name);
  assert.ok(item, `${kind} ${name}`);
  return item;
}

/** A property by its path. */
function at(item: Registration, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (plain(value) as Record<string, unknown> | undefined)?.[key], item.inputs);
}

describe("in-cluster objects", () => {
  let registrations: Recorded[];
  let objects: Recorded[];
  before(async () => {
    registrations = await run();
    objects = registrations.filter(isObject);
  });

  it("are these, with names of their own", () => {
    assert.deepEqual(
      objects
        .map((item) => `${kindOf(item)} ${String(at(item, "metadata.name"))}`.replace(/-[0-9a-f]{10}$/, "-HASH"))
        .sort(),
      [
        "APIService v1beta1.metrics.k8s.io",
        "ClusterRole plinth:node-routes",
        "ClusterRole system:aggregated-metrics-reader",
        "ClusterRole system:coredns",
        "ClusterRole system:metrics-server",
        "ClusterRoleBinding metrics-server:system:auth-delegator",
        "ClusterRoleBinding plinth:kubelet-api-clients",
        "ClusterRoleBinding plinth:node-bootstrappers",
        "ClusterRoleBinding plinth:node-certificate-renewal",
        "ClusterRoleBinding plinth:node-proxies",
        "ClusterRoleBinding plinth:node-routes",
        "ClusterRoleBinding system:coredns",
        "ClusterRoleBinding system:metrics-server",
        "ConfigMap coredns-HASH",
        "Deployment coredns",
        "Deployment metrics-server",
        "PodDisruptionBudget coredns",
        "PodDisruptionBudget metrics-server",
        "RoleBinding metrics-server-auth-reader",
        "Secret metrics-server-HASH",
        "Service kube-dns",
        "Service metrics-server",
        "ServiceAccount coredns",
        "ServiceAccount metrics-server",
        ...["", "-bindings", "-templates"].flatMap((suffix) => policy(`control-plane-hosts${suffix}`)),
        ...["", "-templates"].flatMap((suffix) => policy(`system-priorities${suffix}`)),
        ...policy("token-secrets"),
      ].sort(),
    );
  });

  it("include the class of a runtime that asks for one", async () => {
    const runtimes = {
      gpu: { runtimeClass: true, nodeSelector: { "example.net/gpu": "yes" } },
      plain: { runtimeClass: true },
      hidden: {},
    };
    const declared = await run(configOf({ containerd: { runtimes } }));
    const gpu = find(declared, "RuntimeClass", "runtime-gpu");
    assert.deepEqual(
      ["metadata.name", "handler", "scheduling.nodeSelector"].map((path) => at(gpu, path)),
      ["gpu", "gpu", { "example.net/gpu": "yes" }],
    );
    assert.equal(at(find(declared, "RuntimeClass", "runtime-plain"), "scheduling"), undefined);
    assert.equal(declared.filter((item) => kindOf(item) === "RuntimeClass").length, 2);
  });

  it("include a policy that warns where a protection has no plugin that does", async () => {
    const warned = await run(configOf({ protections: { "external-ips": "warn" } }));
    const name = "plinth-external-ips";
    const policy = find(warned, "ValidatingAdmissionPolicy", name);
    assert.equal(at(policy, "spec.failurePolicy"), "Ignore");
    const binding = find(warned, "ValidatingAdmissionPolicyBinding", name);
    assert.deepEqual(
      [at(binding, "spec.policyName"), at(binding, "spec.validationActions")],
      [name, ["Warn", "Audit"]],
    );
  });

  it("carry the recommended labels, and selectors that every pod has", () => {
    for (const item of objects) {
      const labels = at(item, "metadata.labels") as Record<string, string>;
      for (const label of ["name", "component", "part-of", "managed-by"])
        assert.ok(labels[`app.kubernetes.io/${label}`], `${item.urn} ${label}`);
    }
    for (const name of ["coredns", "metrics-server"]) {
      const deployment = find(registrations, "Deployment", name);
      const pod = at(deployment, "spec.template.metadata.labels") as Record<string, string>;
      const service = find(registrations, "Service", name === "coredns" ? "kube-dns" : name);
      const budget = find(registrations, "PodDisruptionBudget", name);
      for (const selector of [
        at(deployment, "spec.selector.matchLabels"),
        at(service, "spec.selector"),
        at(budget, "spec.selector.matchLabels"),
      ]) {
        for (const [key, value] of Object.entries(selector as object))
          assert.equal(pod[key], value, `${name} is not selected by ${key}`);
      }
    }
  });

  it("go through the cluster's own provider, which applies on the server and outlives a new endpoint", () => {
    const provider = registrations.find((item) => item.type === "pulumi:providers:kubernetes");
    assert.ok(provider);
    assert.ok(isSecret(provider.inputs["kubeconfig"]));
    assert.equal(String(provider.inputs["enableServerSideApply"]), "true");
    assert.equal(provider.inputs["clusterIdentifier"], "0123456789abcdef");
    for (const item of objects) assert.match(item.provider, /pulumi:providers:kubernetes::kubernetes/, item.urn);
  });

  it("go away with the cluster, not one by one", () => {
    for (const item of objects) assert.match(item.deletedWith, /::claim$/, item.urn);
  });

  it("wait for what their component waits for: access for the API, addons for the Nodes", () => {
    const access = objects.filter((item) => item.parent.endsWith("::access")).map((item) => item.urn);
    assert.equal(access.length, 18);
    for (const item of objects.filter((candidate) => !access.includes(candidate.urn))) {
      if (kindOf(item) === "APIService") continue;
      for (const urn of access) assert.ok(item.waitsFor.includes(urn), `${item.urn} does not wait for ${urn}`);
    }
    const api = find(registrations, "APIService", "metrics-server");
    assert.ok(api.dependencies.includes(find(registrations, "Deployment", "metrics-server").urn));
  });

  it("let no bootstrap token approve itself", () => {
    const bootstrap = objects.filter((item) => JSON.stringify(item.inputs).includes("system:bootstrappers"));
    assert.deepEqual(
      bootstrap.map((item) => at(item, "roleRef.name")),
      ["system:node-bootstrapper"],
    );
  });

  it("mount the Corefile under the name of its content, so that another one is another ReplicaSet", async () => {
    const file = find(registrations, "ConfigMap", "coredns");
    assert.equal(at(file, "data.Corefile"), corefile(configOf()));
    assert.equal(at(file, "immutable"), true);
    const mounted = (recorded: readonly Recorded[]) =>
      (
        at(find(recorded, "Deployment", "coredns"), "spec.template.spec.volumes") as { configMap: { name: string } }[]
      )[0]?.configMap.name;
    assert.equal(mounted(registrations), at(file, "metadata.name"));
    const other = await run(configOf({ dnsUpstreams: ["192.0.2.53"] }));
    assert.notEqual(mounted(other), mounted(registrations));
    assert.equal(mounted(other), at(find(other, "ConfigMap", "coredns"), "metadata.name"));
  });

  it("serve metrics under a certificate of the cluster's authority, its key a secret", () => {
    const secret = find(registrations, "Secret", "metrics-server");
    assert.equal(at(secret, "type"), "kubernetes.io/tls");
    const data = plain(secret.inputs["data"]) as Record<string, unknown>;
    const decode = (value: unknown) => Buffer.from(String(plain(value)), "base64").toString();
    assert.equal(decode(data["tls.crt"]), "certificate metrics-server");
    assert.match(decode(data["tls.key"]), /PRIVATE KEY/);
    assert.ok(isSecret(secret.inputs["data"]) || isSecret(data["tls.key"]));
    const api = find(registrations, "APIService", "metrics-server");
    assert.equal(decode(at(api, "spec.caBundle")), "certificate kubernetes-ca");
    assert.equal(at(api, "spec.insecureSkipTLSVerify"), undefined);
    const request = registrations.find((item) => item.type.includes("certRequest") && item.name === "metrics-server");
    assert.deepEqual(request?.inputs["dnsNames"], [
      "metrics-server.kube-system.svc",
      "metrics-server.kube-system.svc.cluster.local",
    ]);
  });

  it("verify kubelets, and run without privileges on a read-only root", () => {
    for (const name of ["coredns", "metrics-server"]) {
      const deployment = find(registrations, "Deployment", name);
      const pod = at(deployment, "spec.template.spec") as {
        securityContext: Record<string, unknown>;
        containers: { args: string[]; imagePullPolicy: string; securityContext: Record<string, unknown> }[];
      };
      const container = pod.containers[0];
      assert.ok(container);
      assert.equal(pod.securityContext["runAsNonRoot"], true);
      assert.equal(container.securityContext["readOnlyRootFilesystem"], true);
      assert.equal(container.securityContext["allowPrivilegeEscalation"], false);
      assert.equal(container.imagePullPolicy, "IfNotPresent");
      assert.ok(!container.args.some((argument) => argument.includes("insecure")));
    }
  });

  it("run as a user that no machine gives to a person or a service, as the image is made for", () => {
    for (const name of ["coredns", "metrics-server"]) {
      const context = at(find(registrations, "Deployment", name), "spec.template.spec.securityContext");
      const { runAsUser, runAsGroup, fsGroup = runAsGroup } = context as Record<string, number>;
      assert.deepEqual([runAsUser, runAsGroup, fsGroup], [65532, 65532, 65532], name);
      const image = images.find((definition) => definition.name === name);
      assert.equal(image?.user, "65532:65532", name);
    }
    // 65534 is `nobody`, which hosts have as well.
    for (const { name, user } of images) assert.match(user, /^6553[235]:6553[235]$/, name);
  });

  it("are declared before the authority exists", async () => {
    const previewed = (await run(configOf(), threeHosts, true)).filter(isObject);
    assert.equal(previewed.length, objects.length);
  });

  it("leave flannel out, and do not wait for pods, with a network of one's own", async () => {
    const own = await run(configOf({ network: "none" }));
    assert.ok(!own.some((item) => item.name === "flannel"));
    const skips = own.filter((item) => {
      const annotations = at(item, "metadata.annotations") as Record<string, string> | undefined;
      return annotations?.["pulumi.com/skipAwait"] === "true";
    });
    assert.deepEqual(skips.map((item) => `${kindOf(item)} ${item.name}`).sort(), [
      "APIService metrics-server",
      "Deployment coredns",
      "Deployment metrics-server",
      "Service kube-dns",
      "Service metrics-server",
    ]);
    assert.ok(!objects.some((item) => JSON.stringify(item.inputs).includes("skipAwait")));
  });

  it("do not change when a worker is added to a cluster of several", async () => {
    const more = await run(configOf(), [...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
    for (const item of objects) {
      const other = more.find((candidate) => candidate.urn === item.urn);
      assert.deepEqual(other?.inputs, item.inputs, item.urn);
    }
  });
});
