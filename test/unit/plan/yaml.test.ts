import assert from "node:assert/strict";
import { parse } from "yaml";
import { renderKubeconfig } from "../../../plan/bundles/kubeconfig.ts";
import { renderBootstrapKubeconfig } from "../../../plan/bundles/kubelet.ts";
import { renderYaml, yamlText } from "../../../plan/yaml.ts";

/** Names that are allowed, and that YAML takes for something else. */
const names = ["12", "007", "1e3", "0x1f", "true", "null", "no", "on", "y", "a-1", "2026-01-01"];
const versions = ["1.1", "1.2"] as const;

describe("names in YAML", () => {
  it("stay texts, whichever version of YAML reads them", () => {
    for (const version of versions) {
      for (const name of names) {
        assert.equal(parse(yamlText(name), { version }), name);
        assert.deepEqual(parse(renderYaml({ hostnameOverride: name }), { version }), { hostnameOverride: name });
      }
    }
    assert.equal(yamlText("a-1"), "a-1", "without quotes where there is no need");
  });

  it("stay texts in kubeconfigs", () => {
    const file = { file: "/etc/x" };
    const credentials = { authority: file, certificate: file, key: file };
    for (const version of versions) {
      for (const cluster of names) {
        const server = "https://192.0.2.10:6443";
        const text = renderKubeconfig({ cluster, user: cluster, namespace: cluster, server, ...credentials });
        const read = parse(text, { version }) as {
          clusters: { name: unknown }[];
          contexts: { name: unknown; context: unknown }[];
        };
        assert.deepEqual(read.clusters[0]?.name, cluster);
        assert.deepEqual(read.contexts[0]?.context, { cluster, user: cluster, namespace: cluster });
        assert.deepEqual(read.contexts[0].name, `${cluster}@${cluster}`);
        const bootstrap = parse(renderBootstrapKubeconfig(cluster, server, "abcdef.0123456789abcdef"), {
          version,
        }) as typeof read;
        assert.deepEqual(bootstrap.clusters[0]?.name, cluster);
      }
    }
  });
});
