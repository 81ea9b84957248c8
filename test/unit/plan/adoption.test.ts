import assert from "node:assert/strict";
import fc from "fast-check";
import { adoptionOf, parseHeldFiles, wantedFiles, type Adoption, type HeldFiles } from "../../../plan/adoption.ts";
import type { Authority } from "../../../plan/bundle.ts";
import { renderEncryptionConfig } from "../../../plan/bundles/apiserver.ts";
import { planHost } from "../../../plan/bundles/index.ts";
import { renderBootstrapKubeconfig } from "../../../plan/bundles/kubelet.ts";
import type { Host } from "../../../plan/inventory.ts";
import { selfSigned } from "../../support/certificates.ts";
import { configOf, hostsOf, threeHosts } from "../../support/cluster.ts";

const hosts = hostsOf([...threeHosts, { name: "w1", address: "192.0.2.21", roles: ["worker"] }]);
const config = configOf();
const secretsOf = (host: Host) => planHost({ host, hosts, config }).flatMap(({ secrets }) => secrets);
const claimFile = "/var/lib/plinth/claim";
const clusterId = "0123456789abcdef";
const claimOf = (host: string, more = ""): string =>
  `cluster demo\ncluster-id ${clusterId}\nhost ${host}\nstack prod\ngeneration 7\n${more}`;

describe("what hosts hold of a state", () => {
  // One pair stands for all: whom it names is judged by the plugin that takes it over.
  const pair = selfSigned("DNS:a");
  const other = selfSigned("DNS:b");
  const key = "abcdefghijklmnopqrstuvwxyz012345";

  function filesOf(host: Host): Map<string, string> {
    const files = new Map([[claimFile, claimOf(host.name)]]);
    for (const { path, source } of secretsOf(host)) {
      if (source.kind === "authority" || source.kind === "leaf")
        files.set(path, source.part === "certificate" ? pair.certificate : pair.key);
      if (source.kind === "service-account") files.set(path, pair.key);
      if (source.kind === "encryption-config") files.set(path, renderEncryptionConfig(key));
      if (source.kind === "bootstrap-kubeconfig")
        files.set(path, renderBootstrapKubeconfig("demo", "https://192.0.2.10:6443", "abcdef.0123456789abcdef"));
    }
    return files;
  }

  /** @param change of what the hosts hold. */
  function adopt(change: (files: Map<string, string>, host: Host) => void = () => undefined): Adoption {
    const held = new Map<string, HeldFiles>();
    for (const host of hosts) {
      const files = filesOf(host);
      change(files, host);
      if (files.size > 0) held.set(host.name, files);
    }
    return adoptionOf({ hosts, cluster: "demo", stack: "prod", secretsOf, held });
  }
  const rulesOf = ({ findings }: Adoption): string[] =>
    findings.map(({ rule, hosts: names }) => [rule, ...names].join(" "));
  const pathOf = (host: Host, isIt: (source: ReturnType<typeof secretsOf>[number]["source"]) => boolean): string =>
    secretsOf(host).find(({ source }) => isIt(source))?.path ?? "";
  const authorityKey = (host: Host, authority: Authority): string =>
    pathOf(host, (source) => source.kind === "authority" && source.authority === authority && source.part === "key");

  it("is all that the program keeps for a cluster, by the names of its resources", () => {
    const { texts, findings, anew, clusterId: id } = adopt();
    assert.deepEqual([findings, anew, id], [[], [], clusterId]);
    assert.equal(texts.get("random:index/randomId:RandomId::cluster-id"), clusterId);
    assert.equal(texts.get("random:index/randomPassword:RandomPassword::encryption-key"), key);
    assert.equal(texts.get("random:index/randomPassword:RandomPassword::w1-bootstrap-token"), "abcdef0123456789abcdef");
    for (const name of ["kubernetes-ca", "etcd-ca", "front-proxy-ca"]) {
      assert.equal(texts.get(`tls:index/privateKey:PrivateKey::${name}`), pair.key);
      assert.equal(texts.get(`tls:index/selfSignedCert:SelfSignedCert::${name}`), pair.certificate);
    }
    assert.equal(texts.get("tls:index/locallySignedCert:LocallySignedCert::cp2-etcd-peer"), pair.certificate);
  });

  it("is enough on one control-plane host, but for what is others' own", () => {
    const { findings, texts } = adopt((files, { name }) => {
      if (name !== "cp3") files.clear();
    });
    assert.deepEqual(findings, []);
    assert.ok(texts.has("tls:index/privateKey:PrivateKey::cp3-etcd-peer"));
    assert.ok(!texts.has("tls:index/privateKey:PrivateKey::cp1-etcd-peer"));
  });

  it("is not enough without the key of each authority, that for Secrets, that of service accounts, and a claim", () => {
    for (const authority of ["kubernetes", "etcd", "front-proxy"] as const) {
      const result = adopt((files, host) => files.delete(authorityKey(host, authority)));
      assert.deepEqual(rulesOf(result), ["authority-gone"], authority);
      assert.match(result.findings[0]?.message ?? "", new RegExp(`the key of the ${authority} authority`));
    }
    const kinds = ["service-account", "encryption-config"];
    const result = adopt((files, host) => {
      for (const { path, source } of secretsOf(host)) if (kinds.includes(source.kind)) files.delete(path);
      files.delete(claimFile);
    });
    assert.deepEqual(rulesOf(result), ["no-claim", "key-gone", "key-gone"]);
    assert.deepEqual(
      rulesOf(
        adopt((files) => {
          files.clear();
        }),
      ).sort(),
      [...["authority-gone", "authority-gone", "authority-gone", "key-gone", "key-gone", "no-claim"]],
    );
  });

  it("must be the same on all control-plane hosts, and a key that of its certificate", () => {
    const one = adopt((files, host) => {
      if (host.name === "cp2") files.set(authorityKey(host, "etcd"), other.key);
    });
    assert.deepEqual(rulesOf(one), ["hosts-disagree cp1 cp2"]);
    const all = adopt((files, host) => files.set(authorityKey(host, "etcd"), other.key));
    assert.deepEqual(rulesOf(all), ["authority-gone"]);
    const claims = adopt((files, { name }) => {
      if (name === "cp3") files.set(claimFile, claimOf(name).replace(clusterId, "f".repeat(16)));
    });
    assert.deepEqual(rulesOf(claims), ["hosts-disagree"]);
  });

  it("is another cluster's where the claims say so", () => {
    const result = adopt((files, { name }) => files.set(claimFile, claimOf(name).replace("stack prod", "stack lab")));
    assert.deepEqual(rulesOf(result), ["foreign-host cp1", "foreign-host cp2", "foreign-host cp3", "no-claim"]);
    const garbled = adopt((files) => files.set(claimFile, "cluster \u001b[31m\n"));
    assert.match(garbled.findings[0]?.message ?? "", /it cannot be read$/);
  });

  it("leaves to be made anew what a host does not hold as it should, and says what", () => {
    const { anew, findings, texts } = adopt((files, host) => {
      if (host.name === "cp1")
        files.set(
          pathOf(host, (source) => source.kind === "leaf" && source.leaf.name === "etcd-peer" && source.part === "key"),
          other.key,
        );
      if (host.name === "w1")
        files.set(
          pathOf(host, ({ kind }) => kind === "bootstrap-kubeconfig"),
          "users: [",
        );
    });
    assert.deepEqual(findings, []);
    assert.deepEqual(anew, ["the certificate etcd-peer of cp1", "the token by which w1 joins"]);
    assert.ok(!texts.has("tls:index/privateKey:PrivateKey::cp1-etcd-peer"));
  });

  it("is asked of a host by the files that its bundles bring, passwords of others' left out", () => {
    const [cp1, , , w1] = hosts;
    assert.ok(cp1 && w1);
    assert.ok(wantedFiles(secretsOf(cp1)).paths.includes("/etc/kubernetes/authorities/etcd-ca.key"));
    assert.ok(!wantedFiles(secretsOf(w1)).paths.some((path) => path.endsWith("ca.key")));
  });
});

describe("the answer of a host that is asked for its keys", () => {
  const asked = ["/a", "/b"];
  const line = (path: string, text: string): string => `file ${path} ${Buffer.from(text).toString("base64")}`;

  it("holds files that were asked for", () => {
    const answer = ["motd", "plinth-keys 1", line("/a", "one\n"), line("/b", ""), "end", ""].join("\n");
    assert.deepEqual(
      [...parseHeldFiles(answer, asked)],
      [
        ["/a", "one\n"],
        ["/b", ""],
      ],
    );
  });

  it("is refused for anything else, and never quoted", () => {
    for (const wrong of [line("/c", "SECRET"), "file /a SECRET!", "SECRET", "file /a U0VDUkVU SECRET"]) {
      assert.throws(
        () => parseHeldFiles(`plinth-keys 1\n${wrong}\nend\n`, asked),
        /^Error: the host's answer is not as expected$/,
      );
    }
    assert.throws(() => parseHeldFiles(`plinth-keys 1\n${line("/a", "x")}\n`, asked), /not complete/);
  });

  it("comes back as it was, whatever is in the files", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (one, two) => {
        const answer = `plinth-keys 1\n${line("/a", one)}\n${line("/b", two)}\nend\n`;
        assert.deepEqual(
          [...parseHeldFiles(answer, asked).values()],
          [one, two].map((text) => Buffer.from(text).toString()),
        );
      }),
    );
  });
});
