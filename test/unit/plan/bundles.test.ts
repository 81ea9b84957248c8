import assert from "node:assert/strict";
import path from "node:path";
import { bundles } from "../../../plan/bringup.ts";
import { isKeyMaterial, renderBundle, renderSecrets, type Bundle } from "../../../plan/bundle.ts";
import { renderEncryptionConfig } from "../../../plan/bundles/apiserver.ts";
import { leavesOf, planCluster, planHost } from "../../../plan/bundles/index.ts";
import { rawBackup } from "../../support/backup.ts";
import { configOf, hostsOf } from "../../support/cluster.ts";
import { matchSnapshot } from "../../support/snapshot.ts";

const snapshots = path.join(import.meta.dirname, "__snapshots__");
const hosts = hostsOf();
const config = configOf({ backup: rawBackup });
const locate = () => ({ sha256: "0".repeat(64), url: "http://192.0.2.5:8410/file" });
const render = (bundle: Bundle) => renderBundle(bundle, 1, locate);
const of = (host: string, name: string, from = planCluster(hosts, config)): Bundle => {
  const found = from.find((item) => item.host.name === host && item.bundle.name === name);
  assert.ok(found);
  return found.bundle;
};

describe("plan/bundles", () => {
  // That of figures, which is there where they are asked for, is in metrics.test.ts.
  for (const { name } of bundles.filter((bundle) => bundle.name !== "metrics")) {
    it(`the ${name} bundle is the one that was reviewed`, () => {
      matchSnapshot(path.join(snapshots, `${name}.txt`), render(of("cp1", name)));
    });
  }

  it("a flag of the API server changes one line on each host and nothing else", () => {
    const changed = planCluster(hosts, configOf({ backup: rawBackup, apiserverArgs: { "goaway-chance": "0.002" } }));
    for (const { host, bundle } of planCluster(hosts, config)) {
      const before = render(bundle).split("\n");
      const after = render(of(host.name, bundle.name, changed)).split("\n");
      assert.equal(before.length, after.length);
      const differing = before.flatMap((line, index) => (line === after[index] ? [] : [[line, after[index]]]));
      const expected =
        bundle.name === "controlplane" ? [["|  --goaway-chance=0.001 \\", "|  --goaway-chance=0.002 \\"]] : [];
      assert.deepEqual(differing, expected, `${host.name} ${bundle.name}`);
    }
  });

  it("private keys are 0600 and owned by the user of the service that reads them", () => {
    for (const { bundle } of planCluster(hosts, config)) {
      for (const secret of bundle.secrets) {
        assert.equal(secret.mode, isKeyMaterial(secret.source) ? "0600" : "0644", secret.path);
      }
    }
  });

  it("every restart and every check names a unit of the same bundle, no more leaves are made than there are files of", () => {
    for (const { bundle } of planCluster(hosts, config)) {
      const named = [...bundle.files, ...bundle.secrets].flatMap((file) => [
        ...(file.restart ?? []),
        ...(file.reload ?? []),
      ]);
      for (const unit of [...named, ...bundle.checks.map((check) => check.unit)])
        assert.ok(bundle.units.includes(unit), unit);
    }
    for (const host of hosts) {
      const leaves = leavesOf({ host, hosts, config }).map(({ name }) => name);
      const files = planHost({ host, hosts, config }).flatMap(({ secrets }) => secrets.map(({ source }) => source));
      const used = files.flatMap((source) => (source.kind === "leaf" ? [source.leaf.name] : []));
      assert.deepEqual(leaves, [...new Set(used)]);
      assert.equal(used.length, 2 * leaves.length);
    }
  });

  it("arguments with blanks, percent and dollar signs survive systemd", () => {
    const bundle = of(
      "cp1",
      "controlplane",
      planCluster(hosts, configOf({ apiserverArgs: { "feature-gates": "A=true, B=50%$x" } })),
    );
    assert.match(render(bundle), /\| {2}"--feature-gates=A=true, B=50%%\$\$x"/);
  });

  it("secrets keep their order and their empty lines", () => {
    assert.equal(
      renderSecrets([
        { path: "/a", content: "one\n\ntwo\n" },
        { path: "/b", content: "" },
      ]),
      "plinth-secrets 1\nsecret /a\n|one\n|\n|two\nsecret /b\nend\n",
    );
  });

  it("an encryption key of the wrong size is refused", () => {
    assert.throws(() => renderEncryptionConfig("short"), /32 bytes/);
    assert.match(renderEncryptionConfig("k".repeat(32)), /secret: [A-Za-z0-9+/]{43}=/);
  });
});
