import assert from "node:assert/strict";
import { drillServing } from "../../../../plan/backup/drillserving.ts";
import { keyDigests } from "../../../../plan/backup/keys.ts";
import { buildStateHalf, type StateHalf } from "../../../../plan/backup/statehalf.ts";
import { renderEncryptionConfig } from "../../../../plan/bundles/apiserver.ts";

const encryptionKey = "abcdefghijklmnopqrstuvwxyz012345";
const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
const keys = keyDigests(publicKey, encryptionKey);
const config = {
  "plinth:clusterName": "demo",
  "plinth:nodeSubnet": "192.0.2.0/24",
  "plinth:artifactsUrl": "http://192.0.2.1",
  "plinth:serviceCidr": "10.29.0.0/16",
};
const ownFile = "/etc/kubernetes/apiserver/encryption.yaml";
const own = {
  ...config,
  "plinth:apiserverArgs": JSON.stringify({ "encryption-provider-config": ownFile }),
  "plinth:apiserverFiles": JSON.stringify({ [ownFile]: { file: "~/encryption.yaml" } }),
};

function half(more: Partial<Pick<StateHalf, "config" | "operatorFiles">> = {}, without = ""): StateHalf {
  const one = (type: string, name: string, outputs: unknown) => ({
    ...{ urn: `urn:pulumi:lab::plinth::${type}::${name}`, type, outputs },
  });
  const resources = [
    one("pulumi:pulumi:Stack", "plinth-lab", { clusterId: "0123456789abcdef", clusterName: "demo", hosts: {} }),
    one("tls:index/privateKey:PrivateKey", "service-account", { publicKeyPem: publicKey, privateKeyPem: "PRIVATE" }),
    one("random:index/randomPassword:RandomPassword", "encryption-key", { result: encryptionKey }),
    one("tls:index/selfSignedCert:SelfSignedCert", "kubernetes-ca", { certPem: "CERTIFICATE" }),
  ];
  const built = buildStateHalf({
    ...{ project: "plinth", stack: "lab", reason: "now", at: 0, closed: "", files: {}, imports: [] },
    ...{ operatorFiles: {}, config, release: "0.1.0", ...more },
    open: JSON.stringify({ version: 3, deployment: { resources } }),
  });
  assert.ok(built);
  const list = built.stack.deployment.resources?.filter(({ urn }) => without === "" || !urn.endsWith(without));
  return { ...built, stack: { ...built.stack, deployment: { ...built.stack.deployment, resources: list } } };
}

describe("what a drill serves a set of data with", () => {
  it("is the keys of the set of state, and arguments that decide on kinds", () => {
    const apiserverArgs = {
      "feature-gates": "Some=true",
      "runtime-config": "api/beta=true",
      "max-requests-inflight": "9",
    };
    const serving = drillServing(
      half({ config: { ...config, "plinth:apiserverArgs": JSON.stringify(apiserverArgs) } }),
      keys,
    );
    assert.deepEqual(serving, {
      certificate: "CERTIFICATE",
      serviceAccount: { publicKey, privateKey: "PRIVATE" },
      encryption: renderEncryptionConfig(encryptionKey),
      args: {
        "feature-gates": "Some=true",
        "runtime-config": "api/beta=true",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-cluster-ip-range": "10.29.0.0/16",
      },
    });
  });

  it("is refused where a key is missing or another one, or the configuration is not valid", () => {
    for (const name of ["::service-account", "::encryption-key", "::kubernetes-ca"])
      assert.throws(() => drillServing(half({}, name), keys), /does not hold all keys that an API server needs/);
    const other = keyDigests(publicKey, encryptionKey.toUpperCase());
    assert.throws(() => drillServing(half(), other), /holds other keys than those that the data was made with/);
    assert.throws(
      () => drillServing(half({ config: {} }), keys),
      /the configuration in the set \S+ is not valid for this release of Plinth: use the release 0\.1\.0/,
    );
  });

  it("takes an encryption of the operator's own, where the set brings it and asks nobody else", () => {
    const operatorFiles = { "~/encryption.yaml": "kind: EncryptionConfiguration\n" };
    assert.equal(
      drillServing(half({ config: own, operatorFiles }), keys).encryption,
      operatorFiles["~/encryption.yaml"],
    );
    assert.throws(
      () => drillServing(half({ config: own }), keys),
      /does not hold the file of encryption-provider-config/,
    );
    const kms = { "~/encryption.yaml": "providers: [{ kms: { endpoint: unix:///run/a.sock } }]\n" };
    assert.throws(() => drillServing(half({ config: own, operatorFiles: kms }), keys), /encrypted by a KMS/);
  });
});
