import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { checkConfig, diffConfig, readOptions } from "../../../../plugins/kubernetes/config.ts";
import { loadAccess } from "../../../../kube/kubeconfig.ts";
import { isSecret, UNKNOWN } from "../../../../plugins/provider/values.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const CHOICE = { context: "", cluster: "" };

function kubeconfig(server = "https://10.0.0.1:6443/", user: object = { token: "t" }): string {
  return stringify({
    "current-context": "main",
    contexts: [
      { name: "main", context: { cluster: "one", user: "admin", namespace: "apps" } },
      { name: "side", context: { cluster: "two", user: "admin" } },
    ],
    clusters: [
      { name: "one", cluster: { server, "certificate-authority-data": base64("CA"), "tls-server-name": "api" } },
      { name: "two", cluster: { server: "https://10.0.0.2:6443", "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "admin", user }],
  });
}

describe("kubeconfigs", () => {
  it("give the current context's server, authority, credentials and namespace", () => {
    const user = { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") };
    assert.deepEqual(loadAccess(kubeconfig(undefined, user), CHOICE), {
      server: "https://10.0.0.1:6443",
      ca: "CA",
      cert: "CERT",
      key: "KEY",
      token: undefined,
      serverName: "api",
      insecure: false,
      namespace: "apps",
    });
  });

  it("give what the provider chooses", () => {
    const { server, insecure, token } = loadAccess(kubeconfig(), { context: "side", cluster: "" });
    assert.deepEqual([server, insecure, token], ["https://10.0.0.2:6443", true, "t"]);
    assert.equal(loadAccess(kubeconfig(), { context: "", cluster: "two" }).server, "https://10.0.0.2:6443");
  });

  it("are read from files, with paths from their folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plinth-kubeconfig-"));
    try {
      await writeFile(
        join(folder, "config"),
        kubeconfig(undefined, { "client-certificate": "c.pem", tokenFile: "token" }),
      );
      await writeFile(join(folder, "c.pem"), "FROM FILE");
      await writeFile(join(folder, "token"), "secret\n");
      const { cert, token } = loadAccess(join(folder, "config"), CHOICE);
      assert.deepEqual([cert, token], ["FROM FILE", "secret"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("are refused in one sentence that shows no credentials", () => {
    const refusals: [string, RegExp][] = [
      ["just text", /neither the path of a file nor YAML/],
      ["a: [secret-key", /not valid YAML/],
      [kubeconfig("10.0.0.1"), /has the server "10\.0\.0\.1"; a URL like/],
      [
        kubeconfig(undefined, { exec: { command: "aws" } }),
        /logs in by exec, which the bundled kubernetes plugin does not/,
      ],
      [stringify({ "current-context": "none" }), /has no context "none"/],
    ];
    for (const [text, expected] of refusals) {
      assert.throws(
        () => loadAccess(text, CHOICE),
        (error: unknown) => {
          assert.match(String(error), expected);
          assert.ok(!String(error).includes("secret-key"));
          return true;
        },
      );
    }
  });
});

describe("the provider's configuration", () => {
  it("reads flags from inputs, else from the environment", () => {
    const options = readOptions(
      { kubeconfig: "k", namespace: "n", deleteUnreachable: "false", enablePatchForce: "true" },
      { PULUMI_K8S_DELETE_UNREACHABLE: "true", PULUMI_K8S_ENABLE_SECRET_MUTABLE: "true" },
    );
    assert.deepEqual(
      [options.deleteUnreachable, options.forcePatches, options.mutableSecrets, options.mutableConfigMaps],
      [false, true, true, false],
    );
  });

  it("takes over what exists only where it is told to", () => {
    const variable = { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true" };
    assert.equal(readOptions({}, {}).upsert, false);
    assert.equal(readOptions({}, variable).upsert, true);
    assert.equal(readOptions({ upsertExistingObjects: "true" }, {}).upsert, true);
    assert.equal(readOptions({ upsertExistingObjects: "false" }, variable).upsert, false);
  });

  it("updates the provider alone when it shall take over what exists from now on", () => {
    for (const old of [{ kubeconfig: kubeconfig() }, { kubeconfig: kubeconfig(), clusterIdentifier: "a" }]) {
      const { changed, replaces } = diffConfig(old, { ...old, upsertExistingObjects: "true" });
      assert.deepEqual([changed, replaces], [["upsertExistingObjects"], []]);
    }
  });

  it("refuses what it does not do", () => {
    assert.throws(() => readOptions({ enableServerSideApply: "false" }, {}), /server-side apply alone/);
    assert.throws(() => readOptions({ renderYamlToDirectory: "out" }, {}), /writes no YAML files/);
  });

  it("keeps the kubeconfig secret", () => {
    assert.ok(isSecret(checkConfig({ kubeconfig: "k" })["kubeconfig"]));
    assert.deepEqual(checkConfig({ kubeconfig: UNKNOWN }), { kubeconfig: UNKNOWN });
  });

  it("replaces the provider for another cluster, not for other credentials", () => {
    const old = { kubeconfig: kubeconfig() };
    assert.deepEqual(diffConfig(old, old).changed, []);
    assert.deepEqual(diffConfig(old, { kubeconfig: kubeconfig(undefined, { token: "new" }) }).replaces, []);
    assert.deepEqual(diffConfig(old, { kubeconfig: kubeconfig("https://10.9.9.9:6443") }).replaces, ["kubeconfig"]);
    assert.deepEqual(diffConfig(old, { ...old, context: "side" }).replaces, ["context"]);
    assert.deepEqual(diffConfig(old, { kubeconfig: UNKNOWN }).replaces, ["kubeconfig"]);
  });

  it("goes by clusterIdentifier alone when there is one", () => {
    const old = { kubeconfig: kubeconfig(), clusterIdentifier: "a" };
    assert.deepEqual(diffConfig(old, { ...old, kubeconfig: UNKNOWN }).replaces, []);
    assert.deepEqual(diffConfig(old, { ...old, kubeconfig: kubeconfig("https://10.9.9.9:6443") }).replaces, []);
    assert.deepEqual(diffConfig(old, { ...old, clusterIdentifier: "b" }).replaces, ["clusterIdentifier"]);
  });
});
