import assert from "node:assert/strict";
import fc from "fast-check";
import { isScalar, parse, parseDocument, visit } from "yaml";
import { renderEncryptionConfig } from "../../../plan/bundles/apiserver.ts";
import { planCluster } from "../../../plan/bundles/index.ts";
import { renderKubeconfig } from "../../../plan/bundles/kubeconfig.ts";
import { renderBootstrapKubeconfig } from "../../../plan/bundles/kubelet.ts";
import { renderYaml, renderYamlInOrder } from "../../../plan/yaml.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";

/** Names that are allowed, and that YAML takes for something else. */
const names = [
  "12",
  "007",
  "0899",
  "1e3",
  "433e40",
  "0x1f",
  "0b11",
  "0o17",
  "true",
  "null",
  "no",
  "on",
  "y",
  "a-1",
  "2026-01-01",
];
const versions = ["1.1", "1.2"] as const;

/** What Go's reader, which Kubernetes has, takes for no text although it stands without quotes. */
const notText = [
  /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/,
  /^[-+]?0([bB][01_]+|[oO]?[0-7_]+|[xX][0-9a-fA-F_]+)$/,
  /^([yY]|yes|Yes|YES|on|On|ON|[nN]|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE|null|Null|NULL|~|)$/,
];

/** Reads a document as everybody who may read it. */
function read(text: string): unknown {
  const document = parseDocument(text);
  assert.deepEqual(document.errors, []);
  visit(document, (_key, node) => {
    if (isScalar(node) && typeof node.value === "string" && node.type === "PLAIN")
      assert.ok(!notText.some((form) => form.test(node.value as string)), `${node.value} stands without quotes`);
  });
  const [old, now] = versions.map((version) => parse(text, { version }) as unknown);
  assert.deepEqual(old, now);
  return now;
}

describe("names in YAML", () => {
  it("stay texts, whoever reads them", () => {
    for (const name of names)
      for (const render of [renderYaml, renderYamlInOrder])
        assert.deepEqual(read(render({ [name]: [name] })), { [name]: [name] });
    assert.equal(renderYaml({ name: "a-1" }), "name: a-1\n", "without quotes where there is no need");
  });

  it("stay texts in kubeconfigs", () => {
    const file = { file: "/etc/x" };
    const credentials = { authority: file, certificate: file, key: file };
    for (const cluster of names) {
      const server = "https://192.0.2.10:6443";
      assert.deepEqual(read(renderKubeconfig({ cluster, user: cluster, namespace: cluster, server, ...credentials })), {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: cluster, cluster: { server, "certificate-authority": "/etc/x" } }],
        users: [{ name: cluster, user: { "client-certificate": "/etc/x", "client-key": "/etc/x" } }],
        contexts: [{ name: `${cluster}@${cluster}`, context: { cluster, user: cluster, namespace: cluster } }],
        "current-context": `${cluster}@${cluster}`,
      });
    }
  });

  it("and tokens of digits stay texts in bootstrap kubeconfigs", () => {
    for (const token of ["123456.0123456789012345", "0123e4.0000000000000000", "abcdef.0123456789abcdef"]) {
      const { users } = read(renderBootstrapKubeconfig("433e40", "https://192.0.2.10:6443", token)) as {
        users: unknown;
      };
      assert.deepEqual(users, [{ name: "bootstrap", user: { token } }]);
    }
  });

  it("the key of encryption at rest is what was given", () => {
    const { resources } = read(renderEncryptionConfig("1".repeat(32))) as { resources: unknown };
    const secret = Buffer.from("1".repeat(32)).toString("base64");
    const secretbox = { keys: [{ name: "key1", secret }] };
    assert.deepEqual(resources, [{ resources: ["secrets"], providers: [{ secretbox }, { identity: {} }] }]);
  });
});

/** What is looked at in files of a cluster. */
interface Rendered {
  clusters?: { name: unknown }[];
  contexts?: { context: { cluster: unknown } }[];
  allowedUnsafeSysctls?: unknown;
  hostnameOverride?: unknown;
  bindAddress?: unknown;
  jwt?: { issuer: { audiences: unknown }; claimMappings: { username: { prefix: unknown } } }[];
}

describe("YAML of any cluster", () => {
  const label = fc.oneof(
    fc.constantFrom(...names),
    fc.stringMatching(/^[0-9e]{1,9}$/),
    fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/),
  );
  const text = fc.oneof(
    label,
    fc.string().filter((value) => !/[\p{Cc}\u2028\u2029]/u.test(value)),
  );

  it("reads back as what was meant", function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(label, label, text, (clusterName, name, said) => {
        const config = configOf({
          clusterName,
          kubeletConfig: { allowedUnsafeSysctls: [said] },
          kubeProxyConfig: { bindAddress: said },
          admission: { PodSecurity: { exemptions: { usernames: [said] } } },
          authentication: {
            jwt: [
              {
                issuer: { url: "https://issuer.example.net", audiences: [said] },
                claimMappings: { username: { claim: "sub", prefix: said } },
              },
            ],
          },
        });
        const hosts = hostsOf([
          { name, address: "192.0.2.11", roles: ["etcd", "control-plane", "load-balancer", "worker"] },
        ]);
        const files = planCluster(hosts, config).flatMap(({ bundle }) => bundle.files);
        const fileOf = (end: string) => {
          const file = files.find(({ path }) => path.endsWith(end));
          assert.ok(file, end);
          return read(file.content) as Rendered;
        };
        for (const { path, content } of files)
          if (/\.(yaml|conf)$/.test(path) && /^apiVersion: /m.test(content)) read(content);
        assert.equal(fileOf("/kube-proxy.conf").clusters?.[0]?.name, clusterName);
        assert.equal(fileOf("/scheduler.conf").contexts?.[0]?.context.cluster, clusterName);
        assert.deepEqual(fileOf("/kubelet.yaml").allowedUnsafeSysctls, [said]);
        assert.equal(fileOf("/kube-proxy.yaml").hostnameOverride, name);
        assert.equal(fileOf("/kube-proxy.yaml").bindAddress, said);
        const [jwt] = fileOf("/authentication.yaml").jwt ?? [];
        assert.deepEqual([jwt?.issuer.audiences, jwt?.claimMappings.username.prefix], [[said], said]);
        assert.ok(JSON.stringify(fileOf("/admission.yaml")).includes(JSON.stringify([said])));
      }),
      { numRuns: 100 },
    );
  });
});
